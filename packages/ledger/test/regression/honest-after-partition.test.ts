// What broke: a node that came back from a partition greeted with transactions that were finalized meanwhile, and was banned for
// them again and again; and bytes that a busy node did not judge counted as known to the network for a minute.
import type { MessageListener, Network } from '@radledger/network';
import { expect, test } from 'vitest';
import type { Admission } from '../../src/admission.js';
import { LedgerError, type LedgerErrorInfo } from '../../src/errors.js';
import { createGossip, type Gossip } from '../../src/gossip.js';
import { createMempool } from '../../src/mempool.js';
import { testSource } from '../support/keys.js';
import { defineSource, idOf } from '../support/transactions.js';

const refusal = (rule: string): LedgerErrorInfo => ({
  code: 'TRANSACTION_REFUSED',
  rule,
  stage: 'state',
  permanent: true,
});

async function gossipRig(info: LedgerErrorInfo = { code: 'BUSY' }) {
  let listener: MessageListener = () => undefined;
  let points = 0;
  let height = 5;
  const sent: string[] = [];
  const mempool = createMempool();
  mempool.add(await defineSource(idOf('chain'), await testSource('s0')));
  const network: Pick<Network, 'subscribe' | 'penalise' | 'send'> = {
    subscribe(_topic, given) {
      listener = given;
    },
    penalise(_peer, given) {
      points += given;
    },
    send(peer) {
      sent.push(peer);
      return true;
    },
  };
  const admission: Pick<Admission, 'admit'> = { admit: () => Promise.reject(new LedgerError(info, 'refused')) };
  const gossip: Gossip = createGossip({
    network: network as Network,
    admission: admission as Admission,
    mempool,
    height: () => height,
    failed: (error) => {
      throw error;
    },
  });
  return {
    gossip,
    sent,
    points: () => points,
    rise(to: number) {
      height = to;
      gossip.finalized(to);
    },
    hear: () => listener({ peerId: 'honest', bytes: idOf('x') }),
  };
}

test.each([
  'REPLAYED',
  'EXPIRED',
  'SEQUENCE_NOT_HIGHER',
  'OWNER_KEY_TAKEN',
  'STUDY_EXISTS',
  'STUDY_RETIRED',
  'NOT_AFTER_PAST',
  'KEY_TAKEN',
])('%s costs an honest peer nothing', async (rule) => {
  const rig = await gossipRig(refusal(rule));
  for (let index = 0; index < 20; index += 1) await rig.hear();
  expect(rig.points()).toBe(0);
});

test('what genesis alone forbids costs score', async () => {
  const rig = await gossipRig(refusal('ADMISSION_REQUIRED'));
  await rig.hear();
  expect(rig.points()).toBeGreaterThan(0);
});

test.each<LedgerErrorInfo>([
  { code: 'BUSY' },
  { code: 'MEMPOOL_FULL', lane: 'allow' },
  { code: 'MEMPOOL_CELL_FULL', waitingMax: 64 },
])('bytes that met $code may come again', async (info) => {
  const rig = await gossipRig(info);
  expect(await rig.hear()).toBe('forget');
});

test('a peer is sent what waits here once this node has finalized as much as the peer', async () => {
  const rig = await gossipRig();
  rig.gossip.announced('ahead', 7);
  rig.gossip.announced('level', 5);
  rig.gossip.announced('level', 6);
  expect(rig.sent).toEqual(['level']);
  rig.rise(6);
  expect(rig.sent).toEqual(['level']);
  rig.rise(7);
  expect(rig.sent).toEqual(['level', 'ahead']);
});
