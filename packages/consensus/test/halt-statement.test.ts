import { createSigner, hash, type Signer, verify } from '@radledger/primitives';
import { beforeAll, expect, test } from 'vitest';
import {
  ConsensusError,
  decodeHaltStatement,
  encodeHaltStatement,
  haltClaim,
  haltProofOf,
  haltSignedBytes,
  type HaltStatement,
} from '../src/index.js';

const chainId = hash('test/chain');
const blockId = hash('test/block');
const NOW = 10_000_000;
let signers: readonly Signer[];
beforeAll(async () => {
  signers = await Promise.all([1, 2, 3, 4].map((number) => createSigner(new Uint8Array(32).fill(number))));
});

async function statementOf(voter: number, changes: Partial<HaltStatement> = {}): Promise<HaltStatement> {
  const signer = signers[voter] as Signer;
  const said = { height: 7, blockId, statedAtMs: NOW, ...changes };
  return {
    nodeKey: signer.publicKey,
    ...said,
    signature: await signer.sign(haltSignedBytes(chainId, said)),
    ...changes,
  };
}

function epoch() {
  const committee = signers.map(({ publicKey }) => ({
    source: publicKey,
    nodeKey: publicKey,
    vrfKey: publicKey,
    weight: 1000n,
  }));
  return { committee, totalWeight: 4000n };
}

const proofOf = (statements: readonly HaltStatement[]) =>
  haltProofOf(statements, { height: 7, blockId, epoch: epoch(), nowMs: NOW });

test('more than half of the weight proves a halt, half does not', async () => {
  const statements = await Promise.all([0, 1, 2].map((voter) => statementOf(voter)));
  expect(proofOf(statements.slice(0, 2))).toBeUndefined();
  expect(proofOf(statements)).toMatchObject({ height: 7, weight: 3000n, totalWeight: 4000n });
  expect(proofOf(statements)?.statements).toHaveLength(3);
});

test('one voter counts once; another height, another block and a stranger count nothing', async () => {
  const two = await Promise.all([0, 1].map((voter) => statementOf(voter)));
  const more = [
    await statementOf(0, { statedAtMs: NOW - 1 }),
    await statementOf(2, { height: 8 }),
    await statementOf(2, { blockId: hash('test/other') }),
    { ...(await statementOf(2)), nodeKey: hash('test/stranger') },
  ];
  expect(proofOf([...two, ...more])).toBeUndefined();
});

test('what was stated long ago, or ahead of time, proves nothing about now', async () => {
  const two = await Promise.all([0, 1].map((voter) => statementOf(voter)));
  const at = async (statedAtMs: number) => proofOf([...two, await statementOf(2, { statedAtMs })]);
  expect(await at(NOW - 600_000)).toBeDefined();
  expect(await at(NOW - 600_001)).toBeUndefined();
  expect(await at(NOW + 60_000)).toBeDefined();
  expect(await at(NOW + 60_001)).toBeUndefined();
});

test('bytes come back as they were; everything in them is signed, and bound to the chain', async () => {
  const statement = await statementOf(1);
  const bytes = encodeHaltStatement(statement);
  expect(decodeHaltStatement(bytes)).toEqual(statement);
  const holds = (chain: Uint8Array, changed: HaltStatement): Promise<boolean> => {
    const { key, message, signature } = haltClaim(chain, changed);
    return verify(key, message, signature);
  };
  expect(await holds(chainId, statement)).toBe(true);
  expect(await holds(hash('test/other'), statement)).toBe(false);
  for (const change of [{ height: 8 }, { blockId: chainId }, { statedAtMs: NOW + 1 }]) {
    expect(await holds(chainId, { ...statement, ...change })).toBe(false);
  }
});

test.each([
  ['nothing', new Uint8Array()],
  ['another format', Uint8Array.of(0x96, 2)],
  ['too much', new Uint8Array(257)],
])('refused: %s', (_, bytes) => {
  expect(() => decodeHaltStatement(bytes)).toThrow(ConsensusError);
  expect(() => decodeHaltStatement(bytes)).toThrow(expect.objectContaining({ code: 'MALFORMED_HALT_STATEMENT' }));
});
