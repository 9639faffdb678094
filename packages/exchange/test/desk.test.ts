// Goal: what goes wrong between a desk and a patient is put right at once, and what repeats needs no typing. Method: one hospital, its archive and one
// patient a test; orders are signed as her app signs them, and the desk acts as its console does.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createImageRequest,
  createMailbox,
  encodeImageRequestLink,
  generateSealingKeyPair,
  MAILBOX_LIFETIME_MS,
  type OwnerOrder,
  openMailboxRequest,
  sealMailboxRequest,
} from '@radledger/handover';
import { sampleInstance } from '@radledger/imaging/testing';
import { equalBytes, randomBytes, type Signer, toHex } from '@radledger/primitives';
import { signAcceptance } from '@radledger/transactions';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { REPLACEMENT_WAIT_MS } from '../src/source/index.js';
import { eventually, TestHospital } from './test-hospital.js';
import { signerOf } from './test-ledger.js';
import {
  askForSecret,
  claimStudy,
  createDelegation,
  createMove,
  DAY_MS,
  giveOrder,
  orderBytes as signedOrder,
  prepareClaim,
  publishedStudy,
  type TestPatient,
} from './test-patient.js';

let hospital: TestHospital;
beforeEach(async () => {
  hospital = await TestHospital.open();
});
afterEach(async () => {
  await hospital.close();
});

const orderBytes = (patient: TestPatient, what: OwnerOrder, signer?: Signer, nonce?: Uint8Array) =>
  signedOrder(hospital, patient, what, signer, nonce);
const order = (patient: TestPatient, what: OwnerOrder, signer?: Signer) => giveOrder(hospital, patient, what, signer);
const restart = async (): Promise<void> => {
  await hospital.source.close();
  await hospital.openSource(SENDING);
};
/** Keys for repeat visits. */
const prekeys = async (label: string, count: number) => {
  const signers = await Promise.all(Array.from({ length: count }, (_, index) => signerOf(`${label} ${index}`)));
  const { chainId } = hospital.ledger;
  const { source } = hospital.source;
  return Promise.all(
    signers.map(async (owner) => ({
      ownerKey: owner.publicKey,
      acceptance: await signAcceptance({ chainId, source, owner }),
    })),
  );
};
/** Sends by itself, at once. */
const SENDING = { sendsByItself: { releaseMs: 0 } };
const entries = async () => (await hospital.source.desk.office.list()).map(({ kind, by, text }) => [kind, by, text]);
const reads = async (signer: Signer, studyId: Uint8Array) =>
  (await hospital.source.authorise({ studyId, signer: signer.publicKey })).allowed;

describe('owner requests', () => {
  test('are carried out once, for who owns the study now', async () => {
    const patient = await publishedStudy(hospital);
    expect(await order(patient, { kind: 'look' })).toMatchObject({
      link: 'none',
      keysLeft: 0,
      replacement: undefined,
      published: [],
    });
    const { request } = await orderBytes(patient, { kind: 'tell-privacy-office', text: 'Who is that?' });
    await hospital.source.desk.ownerRequest(request);
    await expect(hospital.source.desk.ownerRequest(request)).rejects.toMatchObject({ code: 'REPLAYED' });
    await restart();
    await expect(hospital.source.desk.ownerRequest(request)).rejects.toMatchObject({ code: 'REPLAYED' });
    expect(await entries()).toEqual([['message', 'owner', 'Who is that?']]);
    const next = await signerOf('next owner');
    await expect(order(patient, { kind: 'look' }, next)).rejects.toMatchObject({ code: 'STUDY_UNKNOWN' });
    await hospital.ledger.submit((await createMove(hospital.ledger, patient, next)).bytes);
    await hospital.ledger.finalize();
    await expect(order(patient, { kind: 'look' })).rejects.toMatchObject({ code: 'STUDY_UNKNOWN' });
    expect((await order(patient, { kind: 'look' }, next)).link).toBe('none');
    // Who got one study got no say over the next ones.
    const keys = await prekeys('next', 1);
    await expect(order(patient, { kind: 'leave-keys', prekeys: keys }, next)).rejects.toMatchObject({
      code: 'NO_STANDING_LINK',
    });
  });

  test('noise, another key, an old time and a stale view are refused by name', async () => {
    const patient = await publishedStudy(hospital);
    const ownerRequest = (request: Uint8Array) => hospital.source.desk.ownerRequest(request);
    await expect(ownerRequest(new Uint8Array(200))).rejects.toMatchObject({ code: 'MALFORMED_REQUEST' });
    const { request } = await orderBytes(patient, { kind: 'look' });
    const forged = request.slice();
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    await expect(ownerRequest(forged)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
    hospital.ledger.nowMs += 301_000;
    await expect(ownerRequest(request)).rejects.toMatchObject({ code: 'REQUEST_EXPIRED' });
    await expect(order(patient, { kind: 'look' })).rejects.toMatchObject({ code: 'VIEW_STALE' });
  });

  test('an owner has 20 open messages at the privacy office', async () => {
    const patient = await publishedStudy(hospital);
    for (let n = 0; n < 20; n++) await order(patient, { kind: 'tell-privacy-office', text: `message ${n}` });
    const again = { kind: 'tell-privacy-office', text: 'one more' } as const;
    await expect(order(patient, again)).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' });
    const { office } = hospital.source.desk;
    const [first] = await office.list();
    await office.close((first as { entryId: string }).entryId);
    await order(patient, again);
    await expect(office.close('../x')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('a mailbox', () => {
  const code = async () => {
    const sealing = await generateSealingKeyPair();
    const mailbox = createMailbox({
      chainId: hospital.ledger.chainId,
      gatewayApi: 'http://127.0.0.1:1',
      source: hospital.source.source,
      sealingKey: sealing.publicKey,
      expiresAtMs: hospital.ledger.nowMs + MAILBOX_LIFETIME_MS,
    });
    return { mailbox, sealing, id: toHex(mailbox.mailboxId) };
  };
  const sealedRequest = async (mailbox: Awaited<ReturnType<typeof code>>['mailbox']) => {
    const practice = await signerOf('practice');
    const request = await createImageRequest(
      {
        chainId: hospital.ledger.chainId,
        recipientKey: practice.publicKey,
        sealingKey: mailbox.sealingKey,
        gatewayApi: 'http://127.0.0.1:2',
        boxId: randomBytes(16),
        displayName: 'Dr Rivera, Lakeside Orthopaedics',
        reason: 'second opinion',
        wantedUntilMs: hospital.ledger.nowMs + DAY_MS,
        expiresAtMs: hospital.ledger.nowMs + DAY_MS,
      },
      practice,
    );
    return sealMailboxRequest(encodeImageRequestLink(request, 'http://127.0.0.1:3'), mailbox);
  };

  test('takes one request, over a restart, and gives it to her app', async () => {
    const patient = await publishedStudy(hospital);
    const { mailbox, sealing, id } = await code();
    const sealed = await sealedRequest(mailbox);
    await expect(hospital.source.desk.mailboxes.leave(id, sealed)).rejects.toMatchObject({ code: 'MAILBOX_UNKNOWN' });
    await order(patient, { kind: 'open-mailbox', mailboxId: mailbox.mailboxId });
    expect(await hospital.source.desk.mailboxes.read(id)).toBeUndefined();
    await restart();
    const { mailboxes } = hospital.source.desk;
    const other = await sealedRequest(mailbox);
    const answers = await Promise.allSettled([mailboxes.leave(id, sealed), mailboxes.leave(id, other)]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await mailboxes.leave(id, sealed); // sent again: an answer got lost
    await order(patient, { kind: 'open-mailbox', mailboxId: mailbox.mailboxId }); // asked again: it stays
    const left = await mailboxes.read(id);
    expect((await openMailboxRequest(left as Uint8Array, mailbox, sealing)).reason).toBe('second opinion');
  });

  test('is opened for her delegate too, who is told nothing else, until his end', async () => {
    const patient = await publishedStudy(hospital);
    const { ledger } = hospital;
    const delegate = await signerOf('delegate');
    const open = async () => ({ kind: 'open-mailbox', mailboxId: (await code()).mailbox.mailboxId }) as const;
    await expect(order(patient, await open(), delegate)).rejects.toMatchObject({ code: 'STUDY_UNKNOWN' });
    await ledger.submit((await createDelegation(ledger, patient, delegate, ledger.nowMs + DAY_MS)).bytes);
    await ledger.finalize();
    await hospital.source.desk.replaceAccess(patient.disclosure.studyInstanceUid, 'photo-id');
    expect(await order(patient, { kind: 'look' })).toMatchObject({ replacement: { dueAtMs: expect.any(Number) } });
    const told = { link: 'none', keysLeft: 0, replacement: undefined, published: [] };
    expect(await order(patient, await open(), delegate)).toMatchObject(told);
    for (const kind of ['look', 'wrong-patient', 'stop-replacement', 'confirm-replacement'] as const) {
      await expect(order(patient, { kind }, delegate)).rejects.toMatchObject({ code: 'STUDY_UNKNOWN' });
    }
    ledger.nowMs += DAY_MS;
    await ledger.finalize();
    await expect(order(patient, await open(), delegate)).rejects.toMatchObject({ code: 'STUDY_UNKNOWN' });
  });

  test('is hers alone, one at a time, for 15 minutes', async () => {
    const patient = await publishedStudy(hospital);
    const first = await code();
    const second = await code();
    await order(patient, { kind: 'open-mailbox', mailboxId: first.mailbox.mailboxId });
    await order(patient, { kind: 'open-mailbox', mailboxId: second.mailbox.mailboxId });
    const { mailboxes } = hospital.source.desk;
    const unknown = { code: 'MAILBOX_UNKNOWN' };
    await expect(mailboxes.read(first.id)).rejects.toMatchObject(unknown);
    for (const guess of ['', '../x', '0'.repeat(32), toHex(randomBytes(16))]) {
      await expect(mailboxes.read(guess)).rejects.toMatchObject(unknown);
      await expect(mailboxes.leave(guess, new Uint8Array(9))).rejects.toMatchObject(unknown);
    }
    const next = await signerOf('next owner');
    await hospital.ledger.submit((await createMove(hospital.ledger, patient, next)).bytes);
    await hospital.ledger.finalize();
    const stolen = order(patient, { kind: 'open-mailbox', mailboxId: second.mailbox.mailboxId }, next);
    await expect(stolen).rejects.toMatchObject({ code: 'MAILBOX_TAKEN' });
    hospital.ledger.nowMs += MAILBOX_LIFETIME_MS;
    await expect(mailboxes.read(second.id)).rejects.toMatchObject(unknown);
    await expect(mailboxes.leave(second.id, new Uint8Array(9))).rejects.toMatchObject(unknown);
  });
});

describe('the wrong patient', () => {
  const marks = [['wrong-patient', 'desk', '']];

  test('before the claim: the invitation is void', async () => {
    const studyInstanceUid = await hospital.studyInstanceUid();
    const { desk } = hospital.source;
    await expect(desk.endWrongPatient(studyInstanceUid)).rejects.toMatchObject({ code: 'STUDY_NOT_FOUND' });
    const invitation = await hospital.source.invite({ studyInstanceUid, label: 'MRI, head' });
    await desk.endWrongPatient(studyInstanceUid);
    const { claim } = await prepareClaim(invitation, await signerOf('patient'));
    await expect(hospital.source.claim(claim)).rejects.toMatchObject({ code: 'INVITATION_UNKNOWN' });
    expect(await hospital.stateOfStudy()).toBe('draft');
    expect(await entries()).toEqual(marks);
  });

  test.each(['submitted', 'planned'])('while it is %s: nobody is ever served', async (state) => {
    await hospital.define();
    const studyInstanceUid = await hospital.studyInstanceUid();
    const invitation = await hospital.source.invite({ studyInstanceUid, label: 'MRI, head' });
    hospital.ledger.isUnreachable = state === 'planned';
    const patient = await claimStudy(hospital.source, invitation, await signerOf('patient'));
    await eventually(async () => (await hospital.stateOfStudy()) === state);
    await hospital.source.desk.endWrongPatient(studyInstanceUid);
    hospital.ledger.isUnreachable = false;
    await restart();
    expect(await reads(patient.owner, patient.disclosure.studyId)).toBe(false);
    await expect(order(patient, { kind: 'look' })).rejects.toMatchObject({ code: 'STUDY_UNKNOWN' });
    const after = state === 'planned' ? 'draft' : 'retired';
    await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === after);
    const cell = await hospital.ledger.study(hospital.source.source, patient.disclosure.studyId);
    expect(cell?.retired?.reason).toBe(state === 'planned' ? undefined : 'wrong-patient');
    expect(await entries()).toEqual(marks);
    // The right patient can be invited now.
    await hospital.source.invite({ studyInstanceUid, label: 'MRI, head' });
  });

  test('when it is published, told by her app: she gets nothing more, from the first moment, also without a node', async () => {
    await hospital.define();
    const studyInstanceUid = await hospital.studyInstanceUid();
    const invitation = await hospital.source.invite({ studyInstanceUid, label: 'MRI, head' });
    const owner = await signerOf('patient');
    const { claim: claimed } = await prepareClaim(invitation, owner);
    const patient = await claimStudy(hospital.source, invitation, owner);
    await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'published');
    const { studyId } = patient.disclosure;
    await order(patient, { kind: 'leave-keys', prekeys: await prekeys('hers', 2) });
    const ownerRequest = (request: Uint8Array) => hospital.source.desk.ownerRequest(request);
    const made = await orderBytes(patient, { kind: 'wrong-patient' });
    await ownerRequest(made.request);
    expect(await reads(patient.owner, studyId)).toBe(false);
    await expect(askForSecret(hospital.ledger, hospital.source, studyId, patient.owner)).rejects.toMatchObject({
      code: 'STUDY_UNKNOWN',
    });
    // Nor is her claim answered again.
    await expect(hospital.source.claim(claimed)).rejects.toMatchObject({ code: 'INVITATION_UNKNOWN' });
    expect((await hospital.source.desk.links.list()).map(({ state, keys }) => [state, keys.length])).toEqual([
      ['ended', 0],
    ]);
    await hospital.source.desk.endWrongPatient(studyInstanceUid); // told twice
    await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'retired');
    const cell = await hospital.ledger.study(hospital.source.source, studyId);
    expect(cell?.retired).toMatchObject({ reason: 'wrong-patient' });
    expect(await entries()).toEqual([['wrong-patient', 'owner', '']]);
    expect(hospital.audited.filter(({ transaction }) => transaction === 'DESK').map(({ code }) => code)).toEqual([
      'WRONG_PATIENT',
    ]);
    await restart();
    await expect(askForSecret(hospital.ledger, hospital.source, studyId, patient.owner)).rejects.toMatchObject({
      code: 'STUDY_UNKNOWN',
    });
  });

  test('a node that is away does not keep anybody served', async () => {
    const patient = await publishedStudy(hospital);
    const studyInstanceUid = await hospital.studyInstanceUid();
    hospital.ledger.isUnreachable = true;
    await hospital.source.desk.endWrongPatient(studyInstanceUid);
    hospital.ledger.isUnreachable = false;
    expect(await reads(patient.owner, patient.disclosure.studyId)).toBe(false);
    await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'retired');
  });
});

describe('replaced access', () => {
  test('waits 72 hours, shows to the old key, and then gives the study to a new one under a new secret', async () => {
    const old = await publishedStudy(hospital);
    const studyInstanceUid = await hospital.studyInstanceUid();
    const replaced = await hospital.source.desk.replaceAccess(studyInstanceUid, 'photo-id');
    const dueAtMs = hospital.ledger.nowMs + REPLACEMENT_WAIT_MS;
    expect(replaced.availableAtMs).toBe(dueAtMs);
    const twice = hospital.source.desk.replaceAccess(studyInstanceUid, 'photo-id');
    await expect(twice).rejects.toMatchObject({ code: 'REPLACEMENT_WAITING' });
    expect((await order(old, { kind: 'look' })).replacement).toEqual({ requestedAtMs: hospital.ledger.nowMs, dueAtMs });
    const owner = await signerOf('new phone');
    const { claim } = await prepareClaim(replaced, owner);
    await expect(hospital.source.claim(claim)).rejects.toMatchObject({
      info: { code: 'NOT_YET', availableAtMs: dueAtMs },
    });
    await restart();
    expect((await hospital.source.desk.sheetOf(replaced.invitationId)).availableAtMs).toBe(dueAtMs);
    hospital.ledger.nowMs = dueAtMs - 1;
    await hospital.finalizeUntil(() => reads(old.owner, old.disclosure.studyId));
    hospital.ledger.nowMs = dueAtMs;
    await hospital.finalizeUntil(async () => {
      const cell = await hospital.ledger.study(hospital.source.source, old.disclosure.studyId);
      return cell?.retired !== undefined;
    });
    expect(await reads(old.owner, old.disclosure.studyId)).toBe(false);
    expect(await hospital.stateOfStudy()).toBe('invited');
    const renewed = await claimStudy(hospital.source, replaced, owner);
    await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'published');
    expect(equalBytes(renewed.disclosure.studyId, old.disclosure.studyId)).toBe(false);
    expect(renewed.disclosure.label).toBe(old.disclosure.label);
    expect(await reads(owner, renewed.disclosure.studyId)).toBe(true);
    expect((await entries()).map(([kind]) => kind)).toEqual(['replacement-asked', 'access-replaced']);
  });

  test('the old key stops it: its invitation is void, and the privacy office hears of it', async () => {
    const old = await publishedStudy(hospital);
    const replaced = await hospital.source.desk.replaceAccess(await hospital.studyInstanceUid(), 'known');
    await restart();
    hospital.ledger.nowMs += 1;
    expect((await order(old, { kind: 'stop-replacement' })).replacement).toBeUndefined();
    await expect(order(old, { kind: 'stop-replacement' })).rejects.toMatchObject({ code: 'NO_REPLACEMENT' });
    hospital.ledger.nowMs += REPLACEMENT_WAIT_MS;
    await hospital.finalizeUntil(() => reads(old.owner, old.disclosure.studyId));
    const { claim } = await prepareClaim(replaced, await signerOf('impostor'));
    await expect(hospital.source.claim(claim)).rejects.toMatchObject({ code: 'INVITATION_UNKNOWN' });
    expect(await entries()).toEqual([
      ['replacement-asked', 'desk', 'known'],
      ['replacement-stopped', 'owner', ''],
    ]);
  });

  test('the old key confirms it: nobody waits', async () => {
    const old = await publishedStudy(hospital);
    const studyInstanceUid = await hospital.studyInstanceUid();
    const replaced = await hospital.source.desk.replaceAccess(studyInstanceUid, 'portal');
    await order(old, { kind: 'confirm-replacement' });
    expect(await reads(old.owner, old.disclosure.studyId)).toBe(false);
    await claimStudy(hospital.source, replaced, await signerOf('new phone'));
    await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'published');
  });

  test('the desk cancels it; only a published study has access to replace', async () => {
    const studyInstanceUid = await hospital.studyInstanceUid();
    const { desk } = hospital.source;
    await expect(desk.replaceAccess(studyInstanceUid, 'known')).rejects.toMatchObject({ code: 'NOT_PUBLISHED' });
    await publishedStudy(hospital);
    await desk.replaceAccess(studyInstanceUid, 'known');
    await desk.cancelReplacement(studyInstanceUid);
    await expect(desk.cancelReplacement(studyInstanceUid)).rejects.toMatchObject({ code: 'NO_REPLACEMENT' });
    await desk.replaceAccess(studyInstanceUid, 'known');
  });
});

describe('a standing link', () => {
  const FIRST = '2.25.81';
  const NEXT = '2.25.82';
  const put = (studyInstanceUid: string, id: string, studyDate: string): Promise<void> => {
    const uids = {
      studyInstanceUid,
      seriesInstanceUid: `${studyInstanceUid}.1`,
      sopInstanceUid: `${studyInstanceUid}.1.1`,
    };
    const file = sampleInstance({ ...uids, patient: { name: 'Rivera^Maya', id }, studyDate });
    return writeFile(join(hospital.archive, `${studyInstanceUid}.dcm`), file);
  };
  const states = async (): Promise<Record<string, string>> => {
    const found: Record<string, string> = {};
    for await (const { studyInstanceUid, state } of hospital.source.worklist()) found[studyInstanceUid] = state;
    return found;
  };
  const isPublished = (uid: string) => hospital.finalizeUntil(async () => (await states())[uid] === 'published');
  /** Her first study, claimed by hand; the ledger stands on 5 January 2026. */
  const firstVisit = async (): Promise<TestPatient> => {
    await restart();
    await hospital.define();
    await put(FIRST, 'P1', '20260104');
    const invitation = await hospital.source.invite({ studyInstanceUid: FIRST, label: 'X-ray, hand' });
    const patient = await claimStudy(hospital.source, invitation, await signerOf('patient'));
    await isPublished(FIRST);
    return patient;
  };

  test('sends what comes later to keys that she left, and her app finds it by the source', async () => {
    const patient = await firstVisit();
    await put('2.25.80', 'P1', '20260103'); // was there before her keys
    const keys = await prekeys('hers', 2);
    expect(await order(patient, { kind: 'leave-keys', prekeys: keys })).toMatchObject({ link: 'active', keysLeft: 2 });
    await put(NEXT, 'P1', '20260106');
    await put('2.25.83', 'P2', '20260106');
    await hospital.source.lookAtArchive();
    await isPublished(NEXT);
    expect(await states()).toMatchObject({ [NEXT]: 'published', '2.25.80': 'draft', '2.25.83': 'draft' });
    const { link, keysLeft, published } = await order(patient, { kind: 'look' });
    expect({ link, keysLeft, count: published.length }).toEqual({ link: 'active', keysLeft: 1, count: 1 });
    const [sent] = published as [(typeof published)[0]];
    expect(sent.key).toEqual(keys[0]?.ownerKey);
    const owner = await signerOf('hers 0');
    const disclosure = await askForSecret(hospital.ledger, hospital.source, sent.studyId, owner);
    expect(disclosure.label).toBe('2026-01-06');
    // It rests on the check before her first study.
    const first = await askForSecret(hospital.ledger, hospital.source, patient.disclosure.studyId, patient.owner);
    expect(disclosure.identity).toMatchObject({ checkedBy: 'photo-id' });
    expect(disclosure.identity).toEqual(first.identity);
    const documents = [{ documentUniqueId: toHex(sent.studyId) }];
    expect(hospital.audited.filter(({ code }) => code === 'SENT')).toMatchObject([
      { identityCheckedBy: 'photo-id', documents },
    ]);
    // The newest study speaks for the same link.
    expect((await order({ owner, disclosure }, { kind: 'look' })).keysLeft).toBe(1);
    // The first was somebody else's after all: what went to the same keys has to be looked at.
    await hospital.source.desk.endWrongPatient(FIRST);
    const told = (await hospital.source.desk.office.list()).map(({ kind, studyInstanceUid }) => [
      kind,
      studyInstanceUid,
    ]);
    expect(told.toSorted()).toEqual([
      ['sent-by-same-link', NEXT],
      ['wrong-patient', FIRST],
    ]);
  });

  test('is paused, resumed and ended by her or by the desk, over restarts', async () => {
    const patient = await firstVisit();
    await order(patient, { kind: 'leave-keys', prekeys: await prekeys('hers', 3) });
    await put(NEXT, 'P1', '20260106');
    const { desk } = hospital.source;
    expect(await desk.linkFor(NEXT)).toMatchObject({ state: 'active' });
    expect((await order(patient, { kind: 'pause-link' })).link).toBe('paused');
    await restart();
    await hospital.source.lookAtArchive();
    await expect(hospital.source.desk.send(NEXT)).rejects.toMatchObject({ code: 'NO_STANDING_LINK' });
    expect((await states())[NEXT]).toBe('draft');
    expect((await order(patient, { kind: 'resume-link' })).link).toBe('active');
    await hospital.source.desk.send(NEXT, 'MRI, knee');
    await isPublished(NEXT);
    await expect(hospital.source.desk.send(NEXT)).rejects.toMatchObject({ code: 'STUDY_TAKEN' });
    const [link] = await hospital.source.desk.links.list();
    await hospital.source.desk.links.setState((link as { linkId: string }).linkId, 'ended');
    expect(await order(patient, { kind: 'look' })).toMatchObject({ link: 'ended', keysLeft: 0 });
    await expect(order(patient, { kind: 'resume-link' })).rejects.toMatchObject({ code: 'NO_STANDING_LINK' });
    await expect(hospital.source.desk.links.setState('x', 'paused')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    // Keys that she leaves again make a new one.
    await order(patient, { kind: 'leave-keys', prekeys: await prekeys('again', 1) });
    await put('2.25.84', 'P1', '20260107');
    expect(await hospital.source.desk.linkFor('2.25.84')).toMatchObject({ state: 'active' });
  });

  test('waits for keys, and holds studies back as the site wants', async () => {
    const patient = await firstVisit();
    await hospital.source.close();
    await hospital.openSource({ sendsByItself: { releaseMs: DAY_MS } });
    await order(patient, { kind: 'leave-keys', prekeys: await prekeys('hers', 1) });
    await put(NEXT, 'P1', '20260106');
    await put('2.25.83', 'P1', '20260106');
    await hospital.source.lookAtArchive();
    expect(await states()).toMatchObject({ [NEXT]: 'draft', '2.25.83': 'draft' });
    hospital.ledger.nowMs += DAY_MS;
    await hospital.ledger.finalize();
    await hospital.source.lookAtArchive();
    await hospital.finalizeUntil(
      async () => Object.values(await states()).filter((state) => state === 'published').length === 2,
    );
    await order(patient, { kind: 'leave-keys', prekeys: await prekeys('more', 1) });
    await hospital.source.lookAtArchive();
    await isPublished(NEXT);
    await isPublished('2.25.83');
  });

  test('keys that came with a claim count for the same patient; the newest claim counts', async () => {
    const patient = await firstVisit();
    await order(patient, { kind: 'leave-keys', prekeys: await prekeys('lost phone', 1) });
    await put(NEXT, 'P1', '20260106');
    const invitation = await hospital.source.invite({ studyInstanceUid: NEXT, label: 'MRI, knee' });
    const owner = await signerOf('new phone');
    const signers = [await signerOf('new phone 1')];
    const { claim } = await prepareClaim(invitation, owner, invitation.code, signers);
    await hospital.source.claim(claim);
    await isPublished(NEXT);
    expect((await order(patient, { kind: 'look' })).link).toBe('ended');
    await put('2.25.84', 'P1', '20260107');
    await hospital.source.desk.send('2.25.84');
    await isPublished('2.25.84');
    const study = await hospital.ledger.study(hospital.source.source, (await studyIdOf('2.25.84')) as Uint8Array);
    expect(study?.owner).toEqual(signers[0]?.publicKey);
  });

  const studyIdOf = async (uid: string): Promise<Uint8Array | undefined> => {
    for await (const { studyInstanceUid, studyId } of hospital.source.worklist())
      if (studyInstanceUid === uid) return studyId;
    return undefined;
  };
});
