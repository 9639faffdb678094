import { verify } from '@radledger/primitives';
import { beforeAll, expect, test } from 'vitest';
import {
  attestSource,
  createTransaction,
  decodeTransaction,
  type SignedTransaction,
  signatureClaims,
} from '../src/index.js';
import { chainId, createSamples, idOf, type Samples, signerOf } from './sample-payloads.js';

let samples: Samples;
beforeAll(async () => {
  samples = await createSamples();
});

async function verdicts(signed: SignedTransaction, chain = chainId): Promise<readonly boolean[]> {
  return Promise.all(
    signatureClaims(signed, chain).map(({ key, message, signature }) => verify(key, message, signature)),
  );
}

test("an authority's word stands in a Define Source, and holds for that source, height and chain alone", async () => {
  const { signer, payload } = samples['define-source'];
  const authority = await signerOf('authority');
  const admission = await attestSource({ chainId, source: payload.source, untilHeight: 900, authority });
  const define = (change: Partial<typeof admission>) =>
    createTransaction({
      chainId,
      kind: 'define-source',
      signer,
      expiryHeight: 9,
      payload: { ...payload, admission: { ...admission, ...change } },
    });
  const signed = await define({});
  expect(decodeTransaction(signed.bytes, chainId).transaction).toEqual(signed.transaction);
  expect(await verdicts(signed)).toEqual([true, true, true, true]);
  expect(await verdicts(await define({ untilHeight: 901 }))).toEqual([true, true, true, false]);
  expect(await verdicts(await define({ authority: signer.publicKey }))).toEqual([true, true, true, false]);
  const elsewhere = await attestSource({ chainId, source: idOf('other'), untilHeight: 900, authority });
  expect(await verdicts(await define(elsewhere))).toEqual([true, true, true, false]);
  expect(await verdicts(signed, idOf('other chain'))).toEqual([false, false, false, false]);
});

test('an Attest says something, and no more than a billion studies', async () => {
  const { signer, payload } = samples.attest;
  const attest = (change: Partial<typeof payload>) =>
    createTransaction({ chainId, kind: 'attest', signer, expiryHeight: 9, payload: { ...payload, ...change } });
  await expect(attest({ admitUntilHeight: undefined, studies: undefined })).rejects.toMatchObject({
    code: 'ATTESTATION_EMPTY',
  });
  expect((await attest({ admitUntilHeight: undefined })).transaction.payload).toMatchObject({ studies: { period: 3 } });
  const { bytes } = await attest({ studies: { period: 0, countMax: 1_000_000_000 } });
  expect(decodeTransaction(bytes, chainId).transaction.payload).toMatchObject({ studies: { countMax: 1_000_000_000 } });
  await expect(attest({ studies: { period: 0, countMax: 1_000_000_001 } })).rejects.toMatchObject({
    code: 'SCHEMA_MISMATCH',
  });
});
