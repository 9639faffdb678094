import { type CanonicalValue, toHex } from '@radledger/primitives';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ExchangeError } from '../src/index.js';
import { INVITATION_LIFETIME_MS } from '../src/source/index.js';
import { newStudy } from '../src/source/invitations.js';
import { studyRecords } from '../src/source/source-records.js';
import { TestHospital } from './test-hospital.js';
import { signerOf } from './test-ledger.js';
import { askForSecret, claimStudy, createMove, prepareClaim } from './test-patient.js';

const fill = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
let hospital: TestHospital;
let invitation: { link: string; code: string };

beforeEach(async () => {
  hospital = await TestHospital.open();
  invitation = await hospital.source.invite({
    studyInstanceUid: await hospital.studyInstanceUid(),
    label: 'MRI, head',
  });
});

afterEach(async () => {
  await hospital.close();
});

const wrong = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

describe('the six digits', () => {
  test('20 wrong codes at once: five are compared, then the invitation is gone, also for the right one', async () => {
    const owner = await signerOf('guesser');
    const claims = await Promise.all(
      Array.from({ length: 20 }, () => prepareClaim(invitation, owner, wrong(invitation.code))),
    );
    const answers = await Promise.allSettled(claims.map(({ claim }) => hospital.source.claim(claim)));
    const errors = answers.map((answer) =>
      answer.status === 'rejected' ? (answer.reason as ExchangeError).info : undefined,
    );
    expect(errors.filter((info) => info?.code === 'WRONG_CODE').map((info) => info?.triesLeft)).toEqual([
      4, 3, 2, 1, 0,
    ]);
    expect(errors.filter((info) => info?.code === 'INVITATION_UNKNOWN')).toHaveLength(15);
    const { claim } = await prepareClaim(invitation, owner);
    await expect(hospital.source.claim(claim)).rejects.toMatchObject({ code: 'INVITATION_UNKNOWN' });
  });

  test('tries are counted over restarts', async () => {
    const owner = await signerOf('guesser');
    for (let left = 4; left >= 0; left--) {
      const { claim } = await prepareClaim(invitation, owner, wrong(invitation.code));
      await expect(hospital.source.claim(claim)).rejects.toMatchObject({
        info: { code: 'WRONG_CODE', triesLeft: left },
      });
      await hospital.source.close();
      await hospital.openSource();
    }
    const { claim } = await prepareClaim(invitation, owner);
    await expect(hospital.source.claim(claim)).rejects.toMatchObject({ code: 'INVITATION_UNKNOWN' });
  });

  test('who lacks the secret of the link cannot use up tries', async () => {
    const owner = await signerOf('stranger');
    const { claim } = await prepareClaim(invitation, owner, wrong(invitation.code));
    const forged = claim.slice();
    forged[forged.length - 1] = (forged[forged.length - 1] as number) ^ 1; // the MAC stands last
    for (let i = 0; i < 10; i++) {
      await expect(hospital.source.claim(forged)).rejects.toMatchObject({ code: 'INVITATION_UNKNOWN' });
    }
    await expect(hospital.source.claim(claim)).rejects.toMatchObject({ info: { triesLeft: 4 } });
  });
});

test('the same claim is given the same bytes again, also after a restart', async () => {
  const { claim } = await prepareClaim(invitation, await signerOf('patient'));
  const reply = await hospital.source.claim(claim);
  expect(await hospital.source.claim(claim)).toEqual(reply);
  await hospital.source.close();
  await hospital.openSource();
  expect(await hospital.source.claim(claim)).toEqual(reply);
});

test('another claim by the same key is answered with the same study; one by another key is refused', async () => {
  const owner = await signerOf('patient');
  const first = await claimStudy(hospital.source, invitation, owner);
  const second = await claimStudy(hospital.source, invitation, owner);
  expect(second.disclosure.studyId).toEqual(first.disclosure.studyId);
  const { claim } = await prepareClaim(invitation, await signerOf('finder of the letter'));
  await expect(hospital.source.claim(claim)).rejects.toMatchObject({ code: 'INVITATION_CLAIMED' });
});

test('an invitation ends after 14 days', async () => {
  const { claim } = await prepareClaim(invitation, await signerOf('patient'));
  hospital.ledger.nowMs += INVITATION_LIFETIME_MS;
  await expect(hospital.source.claim(claim)).rejects.toMatchObject({ code: 'INVITATION_EXPIRED' });
});

test('a newer invitation voids the older one', async () => {
  const newer = await hospital.source.invite({
    studyInstanceUid: await hospital.studyInstanceUid(),
    label: 'MRI, head',
  });
  const { claim } = await prepareClaim(invitation, await signerOf('patient'));
  await expect(hospital.source.claim(claim)).rejects.toMatchObject({ code: 'INVITATION_UNKNOWN' });
  await claimStudy(hospital.source, newer, await signerOf('patient'));
  await expect(
    hospital.source.invite({ studyInstanceUid: await hospital.studyInstanceUid(), label: 'again' }),
  ).rejects.toMatchObject({ code: 'STUDY_TAKEN' });
});

test.each([
  ['nothing', new Uint8Array(0)],
  ['noise', new Uint8Array(300).fill(0xa5)],
  ['too much', new Uint8Array(20_000)],
])('a claim of %s is malformed', async (_name, bytes) => {
  await expect(hospital.source.claim(bytes)).rejects.toMatchObject({ code: 'MALFORMED_CLAIM' });
});

describe('how she was known', () => {
  const checkedAtMs = (): number => hospital.ledger.nowMs;

  test('is told to who reads format 2, and stands in the trail without a name', async () => {
    const studyInstanceUid = await hospital.studyInstanceUid();
    const invited = await hospital.source.invite({ studyInstanceUid, label: 'MRI', identityCheckedBy: 'mailed-code' });
    const identity = { checkedBy: 'mailed-code', checkedAtMs: checkedAtMs() };
    const { disclosure } = await claimStudy(hospital.source, invited, await signerOf('patient'), {
      disclosureFormat: 2,
    });
    expect(disclosure.identity).toEqual(identity);
    expect(hospital.invited).toMatchObject([
      { transaction: 'DESK', identityCheckedBy: 'photo-id' },
      {
        transaction: 'DESK',
        identityCheckedBy: 'mailed-code',
        documents: [{ documentUniqueId: toHex(disclosure.studyId) }],
      },
    ]);
    expect(JSON.stringify(hospital.invited)).not.toMatch(new RegExp(`${studyInstanceUid}|MRI`));
    for await (const entry of hospital.source.worklist()) expect(entry.identityCheckedBy).toBe('mailed-code');
  });

  test('is left out for an app that does not ask for it, and told when its next version does', async () => {
    await hospital.define();
    const owner = await signerOf('patient');
    const { disclosure } = await claimStudy(hospital.source, invitation, owner);
    expect(disclosure.identity).toBeUndefined();
    const identity = { checkedBy: 'photo-id', checkedAtMs: checkedAtMs() };
    await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'published');
    const { ledger, source } = hospital;
    expect((await askForSecret(ledger, source, disclosure.studyId, owner)).identity).toEqual(identity);
    // Who has the study from her was not checked by anybody.
    const heir = await signerOf('heir');
    const { bytes } = await createMove(ledger, { owner, disclosure }, heir);
    await ledger.submit(bytes);
    await ledger.finalize();
    const told = await askForSecret(ledger, source, disclosure.studyId, heir);
    expect(told).toMatchObject({ era: 1 });
    expect(told.identity).toBeUndefined();
  });

  test('must be said when the site has no rule for everybody', async () => {
    await hospital.source.close();
    await hospital.openSource({ identityCheckedBy: undefined });
    const study = { studyInstanceUid: await hospital.studyInstanceUid(), label: 'MRI' };
    await expect(hospital.source.invite(study)).rejects.toMatchObject({ code: 'MALFORMED_REQUEST' });
    await expect(hospital.source.invite({ ...study, identityCheckedBy: 'known' })).resolves.toBeDefined();
  });

  test('nobody is invited when that cannot be recorded', async () => {
    await hospital.source.close();
    const record = (): Promise<void> => Promise.reject(new ExchangeError({ code: 'AUDIT_UNWRITABLE' }, 'full'));
    await hospital.openSource({ audit: { record } });
    const study = { studyInstanceUid: await hospital.studyInstanceUid(), label: 'again' };
    await expect(hospital.source.invite(study)).rejects.toMatchObject({ code: 'AUDIT_UNWRITABLE' });
    for await (const { label } of hospital.source.worklist()) expect(label).toBe('MRI, head');
  });

  test('records of an earlier version are read: it is not known', () => {
    const invitationId = fill(2).slice(16);
    const study = newStudy({ source: fill(1), studyInstanceUid: '1.2.3', label: 'MRI', invitationId });
    const { schema } = studyRecords;
    const written = schema.encode(study) as readonly CanonicalValue[];
    for (const fields of [14, 15, 16]) expect(schema.decode(written.slice(0, fields))).toEqual(study);
    expect(() => schema.decode(written.slice(0, 13))).toThrow();
  });
});

test('an unknown study cannot be invited to', async () => {
  await expect(hospital.source.invite({ studyInstanceUid: '2.25.1', label: 'x' })).rejects.toMatchObject({
    code: 'STUDY_NOT_FOUND',
  });
});
