import { blockIdOf, DEFAULT_PARAMETERS, EMPTY_MERKLE_ROOT, type Header } from '@radledger/chain';
import { createFinalityVerifier } from '@radledger/consensus';
import { encodeFinalityProof, type SealedHeader } from '@radledger/consensus/fork-choice';
import { hash } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { decodeNonce, encodeNonce, encodeSeal, provesWork, SEAL_KIND, sealAfter } from '../src/seal.js';
import { work } from '../src/work.js';

const DEPTH = 12;
const DIFFICULTY = 400;
const CHAIN_ID = hash('test/chain');
const parameters = {
  ...DEFAULT_PARAMETERS,
  epochHeights: 64,
  moduleSettings: [
    ['depth', DEPTH],
    ['difficulty', DIFFICULTY],
    ['windowHeights', 8],
  ] as [string, number][],
};
const RULES = { difficultyAtStart: DIFFICULTY, windowHeights: 8, targetIntervalMs: parameters.targetIntervalMs };
const genesis = {
  ...{ format: 1, chainId: CHAIN_ID, height: 0, parentId: new Uint8Array(32), timestampMs: 1_000 },
  ...{ proposer: hash('test/source'), transactionRoot: EMPTY_MERKLE_ROOT, stateRoot: new Uint8Array(32) },
  ...{ dutyRoot: new Uint8Array(32), bodyBytes: 0, sealKind: 0, sealBytes: new Uint8Array() },
} as Header;
const verify = createFinalityVerifier(work, parameters);
const MEMBER = { source: hash('a'), nodeKey: hash('b'), vrfKey: hash('c'), weight: 1n };
const epoch = { epoch: 0, firstHeight: 0, members: [MEMBER], seed: hash('test/seed') };

let hashes = 0;
/** Blocks on a parent, each of them proven. */
function mine(parent: Header, count: number, intervalMs: number, parentNonce = 0): SealedHeader[] {
  const chain: SealedHeader[] = [];
  let [at, nonceBefore] = [parent, parentNonce];
  for (let index = 0; index < count; index++) {
    const seal = { ...sealAfter(at, RULES), parentNonce: nonceBefore };
    const [height, timestampMs] = [at.height + 1, at.timestampMs + intervalMs];
    const child = { ...at, height, timestampMs, parentId: blockIdOf(at), sealKind: SEAL_KIND };
    const header = { ...child, sealBytes: encodeSeal(seal) };
    const id = blockIdOf(header);
    let nonce = 0;
    for (hashes++; !provesWork(id, nonce, seal.difficulty); hashes++) nonce++;
    chain.push({ header, id, witness: encodeNonce(nonce) });
    [at, nonceBefore] = [header, nonce];
  }
  return chain;
}
const proofOf = (parent: Header, chain: readonly SealedHeader[]): { header: Header; proof: Uint8Array } => ({
  header: (chain[0] as SealedHeader).header,
  proof: encodeFinalityProof(parent, chain),
});
const judge = (trusted: Header | undefined, given: { header: Header; proof: Uint8Array }): unknown =>
  verify({ chainId: CHAIN_ID, epoch, ...given, ...(trusted && { trusted }) });
const { targetIntervalMs } = parameters;

test('a final header is proven to who has its parent, the block that began the epoch, or the header itself', () => {
  const chain = mine(genesis, DEPTH + 12, targetIntervalMs);
  const [parent, proven] = [chain[10], chain[11]] as [SealedHeader, SealedHeader];
  const given = proofOf(parent.header, chain.slice(11));
  for (const trusted of [parent.header, genesis, proven.header]) expect(judge(trusted, given)).toEqual([]);
  expect(() => judge(genesis, proofOf(parent.header, chain.slice(12)))).toThrow(
    expect.objectContaining({ code: 'WRONG_BLOCK' }),
  );
  expect(() => judge(genesis, proofOf(parent.header, chain.slice(11, -1)))).toThrow(
    expect.objectContaining({ code: 'NO_QUORUM' }),
  );
  // What honest miners leave when half of them go away.
  const slow = mine(genesis, DEPTH + 12, 2 * targetIntervalMs);
  expect(judge(genesis, proofOf((slow[10] as SealedHeader).header, slow.slice(11)))).toEqual([]);
});

test('difficulty manipulation: a parent that the sender made up lends no difficulty', () => {
  hashes = 0;
  const sealBytes = encodeSeal({ difficulty: 1, windowStartMs: 1_000, parentNonce: 0 });
  const parent = { ...genesis, height: 40, timestampMs: 9_000, sealKind: SEAL_KIND, sealBytes };
  const forged = proofOf(parent, mine(parent, DEPTH + 1, targetIntervalMs));
  // That is all it costs.
  expect(hashes).toBeLessThan(10 * (DEPTH + 1));
  expect(() => judge(genesis, forged)).toThrow(expect.objectContaining({ code: 'NO_WORK' }));
  const [real] = mine(genesis, 1, targetIntervalMs) as [SealedHeader];
  expect(() => judge(real.header, forged)).toThrow(expect.objectContaining({ code: 'NO_WORK' }));
  // A reader that trusts nothing below the header is told nothing.
  expect(() => judge(undefined, forged)).toThrow(expect.objectContaining({ code: 'WRONG_BLOCK' }));
});

test('difficulty manipulation: timestamps that stretch a window buy a quarter, and no more', () => {
  const honest = mine(genesis, 8, targetIntervalMs);
  const last = honest.at(-1) as SealedHeader;
  // Three windows far apart in the attacker's own time: the third is at a sixteenth.
  const nonce = decodeNonce(last.witness);
  const late = mine(last.header, 17 + DEPTH, 1_000 * targetIntervalMs, nonce);
  const [parent] = late.slice(16) as [SealedHeader];
  expect(() => judge(last.header, proofOf(parent.header, late.slice(17)))).toThrow(
    expect.objectContaining({ code: 'NO_WORK' }),
  );
});
