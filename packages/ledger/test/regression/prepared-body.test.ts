// What broke: the signatures of a block counted as checked once those of any body under the same header had been.
import { decodeTransaction } from '@radledger/transactions';
import { beforeEach, expect, test } from 'vitest';
import { executorRig, type ExecutorRig } from '../support/executor-rig.js';
import { type TestSource, testSource } from '../support/keys.js';
import { genesisOf } from '../support/net.js';
import { solo } from '../support/solo-module.js';
import { defineSource } from '../support/transactions.js';

let source: TestSource;
let rig: ExecutorRig;

beforeEach(async () => {
  source = await testSource('s0');
  rig = await executorRig(genesisOf([source], { moduleId: solo.id }), solo);
});

async function forged(): Promise<ReturnType<typeof decodeTransaction>> {
  const { bytes } = await defineSource(rig.chainId, source);
  const copy = bytes.slice();
  copy[copy.length - 5] = (copy[copy.length - 5] ?? 0) ^ 1;
  return decodeTransaction(copy, rig.chainId);
}

test('preparing an empty body under its header does not vouch for forged transactions', async () => {
  const block = await rig.make({ transactions: [await forged()] });
  rig.executor.prepare({ ...block, body: { transactions: [], justification: new Uint8Array(0) } });
  expect(await rig.executor.verify(block)).toMatchObject({ kind: 'invalid', code: 'SIGNATURE_INVALID' });
});

test('preparing a block with forged transactions does not make them pass', async () => {
  const block = await rig.make({ transactions: [await forged()] });
  rig.executor.prepare(block);
  expect(await rig.executor.verify(block)).toMatchObject({ kind: 'invalid', code: 'SIGNATURE_INVALID' });
});

test('a forged body that was prepared first leaves the honest block valid', async () => {
  const block = await rig.make({ transactions: [await defineSource(rig.chainId, source)] });
  const { bytes } = await forged();
  rig.executor.prepare({ ...block, body: { transactions: [], justification: new Uint8Array(0) } });
  rig.executor.prepare({ ...block, body: { transactions: [bytes], justification: new Uint8Array(0) } });
  expect(await rig.executor.verify(block)).toEqual({ kind: 'valid' });
});
