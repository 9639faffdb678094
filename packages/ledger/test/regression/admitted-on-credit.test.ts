// What broke: while any record of a source waited, whatever named that source was admitted, Revokes of strangers among it, and
// what was admitted so was never judged again. A few thousand of them closed the Revoke lane for good.
import { toHex } from '@radledger/primitives';
import { beforeEach, expect, test } from 'vitest';
import { type AdmissionRig, admissionRig } from '../support/admission-rig.js';
import { allowAccess, defineSource, defineStudy, moveOwner, ownerOf, revokeAccess } from '../support/transactions.js';

let rig: AdmissionRig;
beforeEach(async () => {
  rig = await admissionRig();
});

test('a Revoke is admitted only when it applies, whatever waits', async () => {
  const { chainId, source } = rig;
  const owner = await ownerOf('anna');
  expect(await rig.admitted(await defineSource(chainId, source))).toBe(true);
  expect(await rig.admitted(await defineStudy(chainId, source, { study: 'mr', owner }))).toBe(true);
  for (const who of ['anna', 'mallory']) {
    const revoke = await revokeAccess(chainId, source, { study: 'mr', owner: await ownerOf(who), tag: 'x' });
    expect(await rig.admitted(revoke)).toBe(false);
    expect(rig.admission.isWaiting(toHex(revoke.txId))).toBe(true);
  }
});

test('a waiting record admits those whom it names, and nobody else', async () => {
  const { chainId, source } = rig;
  const owner = await ownerOf('anna');
  const stranger = await ownerOf('mallory');
  const allowOf = (who: typeof owner) => allowAccess(chainId, source, { study: 'mr', owner: who, tag: 'x' });
  await rig.admitted(await defineSource(chainId, source));
  expect(await rig.admitted(await allowOf(owner))).toBe(false);
  await rig.admitted(await defineStudy(chainId, source, { study: 'mr', owner }));
  expect(await rig.admitted(await allowOf(stranger))).toBe(false);
  expect(await rig.admitted(await allowOf(owner))).toBe(true);
  const heir = await ownerOf('berta');
  expect(await rig.admitted(await allowOf(heir))).toBe(false);
  expect(await rig.admitted(await moveOwner(chainId, source, { study: 'mr', owner, newOwner: heir }))).toBe(true);
  expect(await rig.admitted(await allowOf(heir))).toBe(true);
});

test('what was admitted on credit leaves the mempool when the record that it waited for is gone', async () => {
  const { chainId, source } = rig;
  const owner = await ownerOf('anna');
  const define = await defineSource(chainId, source);
  const study = await defineStudy(chainId, source, { study: 'mr', owner, expiryHeight: 1 });
  const allow = await allowAccess(chainId, source, { study: 'mr', owner, tag: 'x' });
  for (const signed of [define, study, allow]) expect(await rig.admitted(signed)).toBe(true);
  await rig.finalize([], 1); // the study expires unfinalized
  expect(rig.mempool.has(toHex(study.txId))).toBe(false);
  expect(rig.mempool.has(toHex(allow.txId))).toBe(false);
  expect(rig.mempool.has(toHex(define.txId))).toBe(true);
});
