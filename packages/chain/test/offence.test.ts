/** A leader's block that breaks a rule, and what shows it to who has neither its body nor its state. */
import type { Signer } from '@radledger/primitives';
import { toHex, verify } from '@radledger/primitives';
import type { SignedTransaction } from '@radledger/transactions';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  type Block,
  blockIdOf,
  bodyBytesOf,
  type ExecutionResult,
  type Header,
  judgeOffence,
  merkleRoot,
  offenceClaims,
  proveOffence,
} from '../src/index.js';
import { encodeOffence } from '../src/offence.js';
import { proveInclusion, verifyInclusion } from '../src/merkle.js';
import { compareOrder, orderKeyOf } from '../src/order.js';
import { idOf, type SourceKeys, signerOf, sourceKeysOf, TestNet } from './scenario-fixture.js';

let net: TestNet;
let a: SourceKeys;
let owner: Signer;
beforeEach(async () => {
  net = await TestNet.open();
  a = await sourceKeysOf('a');
  owner = await signerOf('owner');
  await net.add([await net.defineSource('a')]);
});

/** A block on the newest one with these very transactions, whatever the rules say. */
function forge(transactions: readonly Uint8Array[], changes: Partial<Header> = {}): Block {
  const body = { transactions, justification: new Uint8Array(3) };
  const header: Header = {
    ...net.parent,
    height: net.parent.height + 1,
    parentId: blockIdOf(net.parent),
    timestampMs: net.nextTimestampMs,
    transactionRoot: merkleRoot(transactions),
    bodyBytes: bodyBytesOf(transactions, 3),
    ...changes,
  };
  return { header, body, id: blockIdOf(header) };
}

const context = () => ({
  chainId: net.chainId,
  parameters: net.genesis.parameters,
  policies: net.genesis.policies,
});

async function refusalOf(block: Block): Promise<Extract<ExecutionResult, { status: 'invalid' }>> {
  const result = await net.execute(block);
  if (result.status === 'valid') throw new Error('expected a refusal');
  return result;
}

/** Refused by execution, proven, judged from the proof alone. */
async function shown(
  block: Block,
): Promise<{ refused: string; code: string | undefined; bytes: Uint8Array | undefined }> {
  const refusal = await refusalOf(block);
  const { parent, state } = net;
  const bytes = await proveOffence({ ...context(), block, parent, state, refusal });
  return { refused: refusal.code, code: bytes && judgeOffence(block.header, bytes, context())?.code, bytes };
}

const bytesOf = (transactions: readonly SignedTransaction[]): Uint8Array[] => transactions.map(({ bytes }) => bytes);

// Regression: a lone last node rises unchanged, so a leaf also stands at other positions of smaller trees.
test('transactions in order convict nobody, whatever positions are claimed for them', async () => {
  const parentId = blockIdOf(net.parent);
  for (const count of [4, 5, 6, 9]) {
    const signed: SignedTransaction[] = [];
    for (let at = 0; at < count; at++) {
      signed.push(await net.defineStudy('a', `study ${count} ${at}`, await signerOf(`owner ${count} ${at}`)));
    }
    const keyOf = (transaction: SignedTransaction) => orderKeyOf(transaction, parentId);
    const leaves = bytesOf(signed.sort((x, y) => compareOrder(keyOf(x), keyOf(y))));
    const { header } = forge(leaves);
    const claims = leaves.flatMap((bytes, index) => {
      const { path } = proveInclusion(leaves, index);
      return Array.from({ length: 12 }, (_, size) =>
        Array.from({ length: size }, (_, at) => ({ bytes, index: at, size, path })),
      )
        .flat()
        .filter(({ index, size }) =>
          verifyInclusion({ root: header.transactionRoot, leaf: bytes, proof: { index, size, path } }),
        );
    });
    expect(claims.length).toBeGreaterThan(leaves.length);
    for (const first of claims) {
      for (const second of claims) {
        const offence = encodeOffence({ type: 'order', first, second });
        expect(judgeOffence(header, offence, context())).toBeUndefined();
      }
    }
  }
});

describe('an offence is shown by as little as proves it', () => {
  test.each([
    ['WRONG_CHAIN', { chainId: idOf('another chain') }],
    ['BLOCK_TOO_LARGE', { bodyBytes: 2 ** 30 }],
    ['TIMESTAMP_TOO_EARLY', { timestampMs: 1 }],
    ['WRONG_HEIGHT', { height: 9 }],
  ] as const)('%s: by the header, or beside its parent', async (code, changes) => {
    expect(await shown(forge([], changes))).toMatchObject({ refused: code, code });
  });

  test('a transaction that is none', async () => {
    const honest = await net.defineStudy('a', 'one', owner);
    const block = forge([honest.bytes, new Uint8Array([1, 2, 3])]);
    expect(await shown(block)).toMatchObject({ refused: 'MALFORMED', code: 'MALFORMED' });
  });

  test('two transactions in the wrong order', async () => {
    const { selected } = await net.add([
      await net.defineStudy('a', 'one', owner),
      await net.defineStudy('a', 'two', await signerOf('second owner')),
    ]);
    expect(selected).toHaveLength(2);
    const source = a.signing.publicKey;
    const amend = await net.tx('amend-study', a.signing, { source, studyId: idOf('one'), content: idOf('c') });
    const move = await net.tx('move-source', a.signing, {
      source,
      name: 'Moved',
      baseUrl: 'https://moved.example',
      tlsPins: [idOf('p')],
    });
    expect(await shown(forge(bytesOf([amend, move])))).toMatchObject({ code: 'WRONG_ORDER' });
  });

  test('a transaction that the parent state refuses for ever, wherever it stands', async () => {
    const source = a.signing.publicKey;
    await net.add([await net.defineStudy('a', 'one', owner)]);
    const again = await net.tx('define-source', a.signing, (await net.defineSource('a')).transaction.payload);
    const study = await net.defineStudy('a', 'two', owner); // the key owns a study already
    expect(await shown(forge([again.bytes]))).toMatchObject({ refused: 'SOURCE_EXISTS', code: 'SOURCE_EXISTS' });
    const amend = await net.tx('amend-study', a.signing, { source, studyId: idOf('one'), content: idOf('c') });
    const fresh = await net.defineStudy('a', 'three', await signerOf('fresh'));
    const built = await net.add([amend, fresh]);
    const order = [...built.selected];
    expect(order).toHaveLength(2);
    expect(await shown(forge([study.bytes]))).toMatchObject({ code: 'OWNER_KEY_TAKEN' });
  });

  test('a Retire Study of what is retired, with the stake cell among its witnesses', async () => {
    const source = a.signing.publicKey;
    await net.add([await net.defineStudy('a', 'one', owner)]);
    const retire = () => net.tx('retire-study', a.signing, { source, studyId: idOf('one'), reason: 'other' });
    await net.add([await retire()]);
    expect(await shown(forge([(await retire()).bytes]))).toMatchObject({ code: 'STUDY_RETIRED' });
  });

  test('a refusal that others in the block may have lifted counts for the first transaction only', async () => {
    const source = a.signing.publicKey;
    const amend = await net.tx('amend-study', a.signing, { source, studyId: idOf('unknown'), content: idOf('c') });
    expect(await shown(forge([amend.bytes]))).toMatchObject({ refused: 'STUDY_UNKNOWN', code: 'STUDY_UNKNOWN' });
    const move = { source, name: 'Moved', baseUrl: 'https://moved.example', tlsPins: [idOf('p')] };
    const first = await net.tx('move-source', a.signing, move);
    expect(await shown(forge(bytesOf([first, amend])))).toEqual({
      refused: 'STUDY_UNKNOWN',
      code: undefined,
      bytes: undefined,
    });
  });

  test('what hangs on earlier bodies is not provable, and nobody is convicted for it', async () => {
    const study = await net.defineStudy('a', 'one', owner);
    await net.add([study]);
    expect(await shown(forge([study.bytes]))).toMatchObject({ refused: 'REPLAYED', bytes: undefined });
  });

  test('a forged signature: the claim must fail for the offence to count', async () => {
    const study = await net.defineStudy('a', 'one', owner);
    const forged = study.bytes.slice();
    forged[forged.length - 1] = (forged.at(-1) as number) ^ 1;
    const { header } = forge([forged]);
    const { size, path } = proveInclusion([forged], 0);
    const offence = encodeOffence({ type: 'signature', placed: { bytes: forged, index: 0, size, path }, claim: 0 });
    expect(judgeOffence(header, offence, context())).toEqual({ code: 'SIGNATURE_INVALID' });
    const [claim] = offenceClaims(offence, net.chainId) ?? [];
    expect(claim && (await verify(claim.key, claim.message, claim.signature))).toBe(false);
  });
});

describe('framing', () => {
  test('an honest block, and a guilty one under another header, convict nobody', async () => {
    const study = await net.defineStudy('a', 'one', owner);
    const { block } = await net.add([study]);
    const guilty = forge([new Uint8Array([1, 2, 3])]);
    const { bytes } = await shown(guilty);
    expect(bytes && judgeOffence(block.header, bytes, context())).toBeUndefined();
    expect(judgeOffence(block.header, encodeOffence({ type: 'header' }), context())).toBeUndefined();
  });

  test('a witness with any byte changed convicts nobody', async () => {
    await net.add([await net.defineStudy('a', 'one', owner)]);
    const again = await net.tx('define-source', a.signing, (await net.defineSource('a')).transaction.payload);
    const block = forge([again.bytes]);
    const { bytes = new Uint8Array() } = await shown(block);
    expect(judgeOffence(block.header, bytes, context())?.code).toBe('SOURCE_EXISTS');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const mutated = bytes.slice();
        mutated[at] = (mutated[at] as number) ^ flip;
        expect(judgeOffence(block.header, mutated, context())).toBeUndefined();
      }),
      { seed: 3, numRuns: 400 },
    );
    expect(toHex(bytes).length).toBeLessThan(2 * 49_152);
  });
});
