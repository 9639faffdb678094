/** Seven voters, three gone for ever: the halt is proven, the others recover, and those that return after all follow. */
import { cellKey, decodeEpochCell, encodeHeader } from '@radledger/chain';
import {
  createFinalityVerifier,
  decodeRecovery,
  encodeRecovery,
  type Recovery,
  recoverySignedBytes,
  type SignedRecovery,
} from '@radledger/consensus';
import { longestChain } from '@radledger/consensus-longest-chain';
import { simplex } from '@radledger/consensus-simplex';
import { compareBytes, createSigner, type Signer, toHex, verifyAll } from '@radledger/primitives';
import { afterEach, expect, test, vi } from 'vitest';
import type { LedgerOptions } from '../src/index.js';
import { silentLogger } from '../src/logger.js';
import { heightReached, startNet, type TestNet, type TestNode } from './support/net.js';

vi.setConfig({ testTimeout: 120_000 });

let net: TestNet | undefined;
afterEach(async () => {
  await net?.close();
  net = undefined;
});

const EPOCH_HEIGHTS = 8;

async function start(size: number) {
  const recoveryKeys = await Promise.all([1, 2].map((number) => createSigner(new Uint8Array(32).fill(number))));
  const options: { -readonly [K in keyof LedgerOptions]?: LedgerOptions[K] } = { haltAfterMs: 300 };
  /** Heights whose finality proofs nodes that open from now on have pruned. */
  const pruned = new Set<number>();
  net = await startNet({
    tap(_index, { store }) {
      const finalityProof = store.finalityProof.bind(store);
      store.finalityProof = (height) => (pruned.has(height) ? Promise.resolve(undefined) : finalityProof(height));
    },
    module: simplex,
    size,
    parameters: { targetIntervalMs: 80, assumedDelayMs: 100, epochHeights: EPOCH_HEIGHTS },
    ledger: options,
    recoveryKeys: recoveryKeys.map(({ publicKey }) => publicKey),
  });
  return { net, options, recoveryKeys, pruned };
}

const nodeSignerOf = ({ source }: TestNode): Signer => source!.nodeSigner;

async function signed(
  { chainId }: TestNet,
  recovery: Recovery,
  by: { readonly keys: readonly Signer[]; readonly voters: readonly Signer[] },
): Promise<SignedRecovery> {
  const bytes = recoverySignedBytes(chainId, recovery);
  const voters = [...by.voters].sort((a, b) => compareBytes(a.publicKey, b.publicKey));
  return {
    ...recovery,
    keySignatures: await Promise.all(by.keys.map(async (key, position) => [position, await key.sign(bytes)] as const)),
    voterSignatures: await Promise.all(
      voters.map(async (voter) => [voter.publicKey, await voter.sign(bytes)] as const),
    ),
  };
}

function leavingOut(nodes: readonly TestNode[], at: TestNode): Recovery {
  const { height, id } = at.ledger.status().finalized;
  const leftOut = nodes.map((node) => nodeSignerOf(node).publicKey).sort(compareBytes);
  return { height, blockId: id, leftOut, nonce: new Uint8Array(8).fill(7) };
}

/** All nodes at the height of the highest of them: what one holds final, the others fetch. */
async function level(nodes: readonly TestNode[]): Promise<number> {
  const height = Math.max(...nodes.map(({ ledger }) => ledger.status().finalized.height));
  await Promise.all(nodes.map(({ ledger }) => heightReached(ledger, height)));
  return height;
}

test('the chain goes on with those that are left, over epochs; the others and strangers follow it', async () => {
  const { net, options, recoveryKeys, pruned } = await start(7);
  const [gone, left] = [net.nodes.slice(4), net.nodes.slice(0, 4)];
  const [first] = left as [TestNode];
  await Promise.all(net.nodes.map(({ ledger }) => heightReached(ledger, 2)));
  await Promise.all(gone.map((node) => node.stop()));
  await vi.waitFor(() => expect(left.every(({ ledger }) => ledger.status().halted !== undefined)).toBe(true), 60_000);
  const height = await level(left);

  const recovery = await signed(net, leavingOut(gone, first), { keys: recoveryKeys, voters: left.map(nodeSignerOf) });
  expect(decodeRecovery(encodeRecovery(recovery))).toEqual(recovery);
  options.recoveries = [recovery];
  for (const node of left) await node.stop();
  for (const node of left) await node.restart();
  // Over the ends of two epochs: their cells still name the voters that are gone.
  const far = (Math.floor(height / EPOCH_HEIGHTS) + 3) * EPOCH_HEIGHTS + 1;
  await Promise.all(left.map(({ ledger }) => heightReached(ledger, far)));
  expect(left.map(({ ledger }) => ledger.status().voting.allowed)).toEqual([true, true, true, true]);
  expect(first.ledger.status().halted).toBeUndefined();

  // Told of none it believes other voters: nobody is punished for that, and it can join as soon as it is told.
  const [untold] = gone as [TestNode];
  delete options.recoveries;
  const warnings: string[] = [];
  options.logger = { ...silentLogger, warn: (_about, text) => void warnings.push(text) };
  await untold.restart();
  delete options.logger;
  const reasons = new Set<string>();
  // Those that are gone do not answer, and its own address is among the ones that it dials.
  const isOfPeers = (code: string): boolean => !['ECONNREFUSED', 'SELF', 'DUPLICATE'].includes(code);
  untold.network.on('report', ({ code }) => void (isOfPeers(code) && reasons.add(code)));
  untold.network.on('gone', (_peer, code) => void (isOfPeers(code) && reasons.add(code)));
  await vi.waitFor(() => expect(reasons.size).toBeGreaterThan(0), 20_000);
  expect([...reasons]).toEqual(['FOREIGN_CHAIN']);
  expect(warnings).toEqual(['a peer is on another chain, or follows other recoveries than this node']);
  expect(first.network.peers().map(({ penalty }) => penalty)).toEqual([0, 0, 0]);
  await untold.stop();
  options.recoveries = [recovery];

  for (const node of gone) await node.restart();
  const follower = await net.join();
  await Promise.all([...gone, follower].map(({ ledger }) => heightReached(ledger, far)));
  const [returned] = gone as [TestNode];
  expect(returned.ledger.status().voting).toEqual({ allowed: false, reason: 'NOT_IN_COMMITTEE' });
  const ids = await Promise.all(
    [first, returned, follower].map(({ ledger }) => ledger.headers({ from: far, limit: 1 })),
  );
  expect(new Set(ids.map(([entry]) => toHex(entry!.id))).size).toBe(1);

  // A restart without the file at hand would not know the voters; with it, all is as before, also when old proofs were pruned.
  await first.stop();
  pruned.add(height + 1);
  await first.restart();
  await heightReached(first.ledger, far + 2);
  pruned.clear();

  // Readers of headers only: the same file, the cell of the epoch, and the module's verifier.
  const cell = await first.ledger.read(async ({ state }) => {
    const [bytes] = await state.getMany([cellKey.epoch(Math.floor(height / EPOCH_HEIGHTS))]);
    return decodeEpochCell(bytes!);
  });
  const [entry] = await first.ledger.headers({ from: height + 1, limit: 1 });
  const { header, finality } = entry!;
  const input = { chainId: net.chainId, header, proof: finality!, epoch: cell };
  const { parameters } = net.genesis;
  const follows = createFinalityVerifier(simplex, parameters, { recoveries: [recovery], genesis: net.genesis });
  expect(await verifyAll(follows(input))).toBe(true);
  expect(() => createFinalityVerifier(simplex, parameters)(input)).toThrow(
    expect.objectContaining({ code: 'NO_QUORUM' }),
  );
  const forged = { ...recovery, voterSignatures: recovery.voterSignatures.slice(0, 3) };
  const refuses = createFinalityVerifier(simplex, parameters, { recoveries: [forged], genesis: net.genesis });
  expect(() => refuses(input)).toThrow(expect.objectContaining({ code: 'RECOVERY_REFUSED' }));
  expect(encodeHeader(header).length).toBeGreaterThan(0);
});

test('a node refuses a recovery that is not signed by those who must, or that would undo what is final', async () => {
  const { net, options, recoveryKeys, pruned } = await start(4);
  await Promise.all(net.nodes.map(({ ledger }) => heightReached(ledger, 3)));
  const [first, second, third, fourth] = net.nodes as [TestNode, TestNode, TestNode, TestNode];
  await Promise.all([second, third, fourth].map((node) => node.stop()));
  const recovery = leavingOut([fourth], first);
  await first.stop();
  const voters = [first, second, third].map(nodeSignerOf);
  const opened = async (given: SignedRecovery): Promise<unknown> => {
    options.recoveries = [given];
    return first.restart().then(
      () => 'opened',
      (error: unknown) => (error as { info: unknown }).info,
    );
  };
  const refusal = (rule: string) => ({ code: 'RECOVERY_REFUSED', height: recovery.height, rule });
  const by = { keys: recoveryKeys, voters };
  expect(await opened(await signed(net, recovery, { ...by, voters: voters.slice(0, 2) }))).toEqual(
    refusal('voters of more than half of the stake'),
  );
  expect(await opened(await signed(net, recovery, { ...by, keys: recoveryKeys.slice(0, 1) }))).toEqual(
    refusal('as many recovery keys as genesis demands'),
  );
  expect(await opened({ ...(await signed(net, recovery, by)), nonce: new Uint8Array(8) })).toEqual(
    refusal('signatures that hold'),
  );
  const other = { ...recovery, blockId: new Uint8Array(32) };
  expect(await opened(await signed(net, other, by))).toEqual(refusal('the final block of that height'));
  const [below] = await headersOf(first, recovery, options);
  const late = { ...recovery, height: recovery.height - 1, blockId: below! };
  expect(await opened(await signed(net, late, by))).toEqual({
    ...refusal('a chain that has not gone on without it'),
    height: late.height,
  });
  // Without a proof nobody can tell that the block above was voted on after it.
  pruned.add(recovery.height);
  expect(await opened(await signed(net, late, by))).toEqual({
    ...refusal('a chain that has not gone on without it'),
    height: late.height,
  });
  pruned.clear();
  expect(await opened(await signed(net, recovery, by))).toBe('opened');
});

// These modules look an epoch ahead: a recovery later in this epoch is none yet.
test('a new node of a module with forks starts below the recovery that it was given', async () => {
  const recoveryKeys = [await createSigner(new Uint8Array(32).fill(1))];
  const options: { -readonly [K in keyof LedgerOptions]?: LedgerOptions[K] } = {};
  net = await startNet({
    module: longestChain,
    size: 1,
    parameters: {
      targetIntervalMs: 200,
      clockPrecisionMs: 100,
      assumedDelayMs: 100,
      epochHeights: 64,
      moduleSettings: [['depth', 2]],
    },
    ledger: options,
    recoveryKeys: recoveryKeys.map(({ publicKey }) => publicKey),
  });
  const [first] = net.nodes as [TestNode];
  await heightReached(first.ledger, 5);
  await first.stop();
  await first.restart();
  const voters = [nodeSignerOf(first)];
  const restart = leavingOut([], first);
  await first.stop();
  options.recoveries = [await signed(net, restart, { keys: recoveryKeys, voters })];
  await first.restart();
  const follower = await net.join();
  await Promise.all([first, follower].map(({ ledger }) => heightReached(ledger, restart.height + 4)));
});

/** Id of the block below a recovery. */
async function headersOf(
  node: TestNode,
  { height }: Recovery,
  options: { recoveries?: unknown },
): Promise<Uint8Array[]> {
  delete options.recoveries;
  await node.restart();
  const entries = await node.ledger.headers({ from: height - 1, limit: 1 });
  await node.stop();
  return entries.map(({ id }) => id);
}
