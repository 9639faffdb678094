// I13: whatever module orders it, one workload leaves one state.
import { cellKey, decodeGrantCell, decodeOwnerCell, decodeSourceCell, decodeStudyCell } from '@radledger/chain';
import { authority } from '@radledger/consensus-authority';
import { longestChain } from '@radledger/consensus-longest-chain';
import { simplex } from '@radledger/consensus-simplex';
import { work } from '@radledger/consensus-work';
import { type Signer, toHex } from '@radledger/primitives';
import type { SignedTransaction } from '@radledger/transactions';
import { readdir, readFile } from 'node:fs/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { finalizedAt, heightReached, startNet, type TestNet } from './support/net.js';
import { allowAccess, defineSource, defineStudy, idOf, ownerOf, revokeAccess } from './support/transactions.js';

vi.setConfig({ testTimeout: 120_000 });

let net: TestNet | undefined;
afterEach(async () => {
  await net?.close();
  net = undefined;
});

const SLOTS = { targetIntervalMs: 200, clockPrecisionMs: 100, assumedDelayMs: 100, epochHeights: 64 };
const CASES = [
  { module: simplex, parameters: {} },
  { module: longestChain, parameters: { ...SLOTS, moduleSettings: [['depth', 3]] } },
  { module: authority, parameters: SLOTS },
  {
    module: work,
    parameters: {
      ...SLOTS,
      moduleSettings: [
        ['depth', 4],
        ['difficulty', 1_000],
        ['hashesPerStep', 32],
      ],
    },
  },
] as const;

const OWNERS = ['anna', 'bela', 'cleo'];

/** Sources, studies, grants and revocations in waves: what a wave needs is final before it. */
async function workload({ chainId, sources }: TestNet, owners: readonly Signer[]): Promise<SignedTransaction[][]> {
  const [first, second] = [sources[0]!, sources[1]!];
  const sourceOf = (index: number): typeof first => (index % 2 === 0 ? first : second);
  const each = (make: (owner: Signer, index: number) => Promise<SignedTransaction>): Promise<SignedTransaction[]> =>
    Promise.all(owners.map(make));
  const study = (index: number): string => `study ${index}`;
  return [
    await Promise.all([first, second].map((source) => defineSource(chainId, source))),
    await each((owner, index) => defineStudy(chainId, sourceOf(index), { study: study(index), owner })),
    await each((owner, index) =>
      allowAccess(chainId, sourceOf(index), { study: study(index), owner, tag: 'doctor', sequence: 7, notAfterMs }),
    ),
    [await revokeAccess(chainId, sourceOf(1), { study: study(1), owner: owners[1]!, tag: 'doctor', sequence: 8 })],
  ];
}
const notAfterMs = Date.now() + 86_400_000;

/** What the cells say, but for heights and quotas, which depend on when a block was made. */
async function stateOf({ nodes, sources }: TestNet, owners: readonly Signer[]): Promise<unknown> {
  const ids = [0, 1].map((index) => sources[index]!.signer.publicKey);
  return nodes[0]!.ledger.read(async ({ state }) => {
    const one = async (name: Uint8Array): Promise<Uint8Array> => {
      const [value] = await state.getMany([name]);
      if (value === undefined) throw new Error(`expected the cell ${toHex(name)}`);
      return value;
    };
    return Promise.all([
      ...ids.map(async (id) => {
        const { endpoint, signingKey, nodeKey, vrfKey } = decodeSourceCell(await one(cellKey.source(id)));
        return { endpoint, signingKey, nodeKey, vrfKey };
      }),
      ...owners.map(async (owner, index) => {
        const source = ids[index % 2]!;
        const studyId = idOf(`study ${index}`);
        const {
          owner: by,
          content,
          era,
          retired,
          delegate,
        } = decodeStudyCell(await one(cellKey.study(source, studyId)));
        const { height: _, ...grant } = decodeGrantCell(await one(cellKey.grant(source, studyId, idOf('doctor'))));
        return {
          by,
          content,
          era,
          retired,
          delegate,
          grant,
          key: decodeOwnerCell(await one(cellKey.owner(owner.publicKey))),
        };
      }),
    ]);
  });
}

const outcomes: unknown[] = [];

test.each(CASES)(
  '$module.id finishes the shared workload, alike on every node and as every other module',
  async (given) => {
    net = await startNet({ module: given.module, parameters: given.parameters });
    const { nodes } = net;
    const owners = await Promise.all(OWNERS.map(ownerOf));
    let height = 0;
    for (const wave of await workload(net, owners)) {
      const heights = wave.map(({ txId }) => finalizedAt(nodes[0]!.ledger, txId));
      for (const [index, { bytes }] of wave.entries()) await nodes[index % 4]!.ledger.submit(bytes);
      height = Math.max(...(await Promise.all(heights)));
    }
    await Promise.all(nodes.map(({ ledger }) => heightReached(ledger, height)));
    const roots = await Promise.all(
      nodes.map(async ({ ledger }) => toHex((await ledger.block(height))!.header.stateRoot)),
    );
    expect(new Set(roots).size).toBe(1);
    if (given.module === work) expect(nodes[0]!.ledger.status().figures?.['hashes']).toBeGreaterThan(0);
    outcomes.push(await stateOf(net, owners));
    expect(outcomes.at(-1)).toEqual(outcomes[0]);
  },
);

test('chain, ledger and storage have no line that names a module', async () => {
  const names = ['simplex', 'longest-chain', 'authority/1', 'consensus-work', 'work/1', 'cometbft'];
  for (const room of ['chain', 'ledger', 'storage']) {
    const folder = new URL(`../../${room}/src/`, import.meta.url);
    for (const file of await readdir(folder, { recursive: true })) {
      if (!file.endsWith('.ts')) continue;
      const text = (await readFile(new URL(file, folder), 'utf8')).toLowerCase();
      expect({ room, file, names: names.filter((name) => text.includes(name)) }).toEqual({ room, file, names: [] });
    }
  }
});
