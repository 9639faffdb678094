// What broke: a database that had lost what it was told (LevelDB under snapshots) made a node refuse a right block, punish every peer that sent it, and stand still
// for ever without a word.
import { simplex } from '@radledger/consensus-simplex';
import { utf8 } from '@radledger/primitives';
import { openStore } from '@radledger/storage';
import { expect, test } from 'vitest';
import { type Ledger, openLedger } from '../../src/index.js';
import { encodeAnnouncement } from '../../src/sync-messages.js';
import { madeNode, memoryDatabase, networkOf } from '../support/made-node.js';
import { heightReached, nextEvent } from '../support/net.js';

const HEIGHTS = 20;

test('a final block that does not execute on the own state stops the node, and costs no peer anything', async () => {
  const now = (): number => Date.UTC(2026, 0, 2);
  const origin = await madeNode({ startMs: Date.UTC(2026, 0, 1), intervalMs: 1_000 });
  const { maker, answer } = origin;
  while (maker.height < HEIGHTS / 2) await maker.next([]);
  const source = await origin.open(now);
  const database = memoryDatabase();
  const peers = networkOf([{ name: 'peer', answer }]);
  const join = async (height: number): Promise<Ledger> => {
    const store = await openStore(database, { chainId: maker.chainId });
    const network = () => Promise.resolve(peers.network);
    const ledger = await openLedger({ genesis: maker.genesis, store, consensus: simplex, network, now });
    peers.tell('peer', 'announcement', encodeAnnouncement({ height, id: new Uint8Array(32) }));
    return ledger;
  };
  const first = await join(HEIGHTS / 2);
  await heightReached(first, HEIGHTS / 2);
  await first.close();

  await database.open();
  const seed = utf8('cseed');
  const value = await database.get(seed);
  await database.put(seed, (value as Uint8Array).with(-1, ((value as Uint8Array).at(-1) as number) ^ 1));
  await database.close();

  while (maker.height < HEIGHTS) await maker.next([]);
  const damaged = await join(HEIGHTS);
  const { error } = await nextEvent(damaged, 'failed');
  expect(error).toMatchObject({ code: 'STATE_ROOT_MISMATCH' });
  expect(peers.penalties.size).toBe(0);
  await damaged.close();
  await source.close();
});
