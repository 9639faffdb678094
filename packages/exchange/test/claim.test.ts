import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ExchangeError } from '../src/index.js';
import { INVITATION_LIFETIME_MS } from '../src/source/index.js';
import { TestHospital } from './test-hospital.js';
import { signerOf } from './test-ledger.js';
import { claimStudy, prepareClaim } from './test-patient.js';

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

test('an unknown study cannot be invited to', async () => {
  await expect(hospital.source.invite({ studyInstanceUid: '2.25.1', label: 'x' })).rejects.toMatchObject({
    code: 'STUDY_NOT_FOUND',
  });
});
