/** A patient's app, in the fewest words: claims, allows, revokes, moves, asks for her secret. */
import {
  createClaim,
  createOwnerRequest,
  createStudySecretRequest,
  decodeImageRequestLink,
  decodeInvitationLink,
  generateSealingKeyPair,
  openClaimReply,
  openOwnerReply,
  type OwnerOrder,
  type OwnerReply,
  openStudySecretReply,
  sealGrantNotice,
  type StudyDisclosure,
} from '@radledger/handover';
import type { Signer } from '@radledger/primitives';
import {
  createTransaction,
  openingOf,
  recipientTag,
  type SignedTransaction,
  signDelegateAcceptance,
  signMoveAcceptance,
} from '@radledger/transactions';
import type { DisclosureOptions, ImageSource } from '../src/source/index.js';
import type { TestHospital } from './test-hospital.js';
import { signerOf, type TestLedger } from './test-ledger.js';

export const DAY_MS = 86_400_000;

export interface TestPatient {
  readonly owner: Signer;
  readonly disclosure: StudyDisclosure;
}

/** The bytes of a claim, and what opens the answer. */
export async function prepareClaim(
  invitation: { link: string; code: string },
  owner: Signer,
  code = invitation.code,
  prekeys: readonly Signer[] = [],
) {
  const sealingKeyPair = await generateSealingKeyPair();
  const claim = await createClaim({
    invitation: decodeInvitationLink(invitation.link),
    code,
    owner,
    prekeys,
    sealingKey: sealingKeyPair.publicKey,
  });
  return { claim, sealingKeyPair };
}

export async function claimStudy(
  source: ImageSource,
  invitation: { link: string; code: string },
  owner: Signer,
  reading?: DisclosureOptions,
): Promise<TestPatient> {
  const { claim, sealingKeyPair } = await prepareClaim(invitation, owner);
  const sealed = await source.claim(claim, reading);
  const { disclosure } = await openClaimReply({ claim, sealed, sealingKeyPair, signingKey: source.signingKey });
  return { owner, disclosure };
}

/** The hospital on the ledger, and its study claimed by `patient` and published. */
export async function publishedStudy(hospital: TestHospital): Promise<TestPatient> {
  await hospital.define();
  const invitation = await hospital.source.invite({
    studyInstanceUid: await hospital.studyInstanceUid(),
    label: 'MRI, head',
  });
  const patient = await claimStudy(hospital.source, invitation, await signerOf('patient'));
  await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'published');
  return patient;
}

export function tagFor({ disclosure }: TestPatient, recipientKey: Uint8Array): Uint8Array {
  return recipientTag(openingOf(disclosure.grantSalt, recipientKey), recipientKey);
}

/** Submits Allow Access; it takes effect with the next block. */
export async function allow(
  ledger: TestLedger,
  patient: TestPatient,
  recipientKey: Uint8Array,
  options: { sequence?: number; notAfterMs?: number } = {},
): Promise<void> {
  const { source, studyId } = patient.disclosure;
  const { bytes } = await createTransaction({
    chainId: ledger.chainId,
    kind: 'allow-access',
    signer: patient.owner,
    expiryHeight: ledger.height + 100,
    payload: {
      source,
      studyId,
      tag: tagFor(patient, recipientKey),
      sequence: options.sequence ?? 1,
      notAfterMs: options.notAfterMs ?? ledger.nowMs + 30 * DAY_MS,
      scope: 0,
      consentReceiptHash: undefined,
    },
  });
  await ledger.submit(bytes);
}

export function createRevoke(
  ledger: TestLedger,
  patient: TestPatient,
  recipientKey: Uint8Array,
  sequence = 2,
): Promise<SignedTransaction> {
  const { source, studyId } = patient.disclosure;
  return createTransaction({
    chainId: ledger.chainId,
    kind: 'revoke-access',
    signer: patient.owner,
    expiryHeight: 0,
    payload: { source, studyId, tag: tagFor(patient, recipientKey), sequence },
  });
}

export async function createMove(
  ledger: TestLedger,
  { owner, disclosure }: TestPatient,
  newOwner: Signer,
  expiryHeight = ledger.height + 100,
): Promise<SignedTransaction> {
  const { source, studyId } = disclosure;
  const acceptance = await signMoveAcceptance({ chainId: ledger.chainId, source, studyId, newOwner });
  return createTransaction({
    chainId: ledger.chainId,
    kind: 'move-owner',
    signer: owner,
    expiryHeight,
    payload: { source, studyId, newOwner: newOwner.publicKey, acceptance },
  });
}

export async function createDelegation(
  ledger: TestLedger,
  { owner, disclosure }: TestPatient,
  delegate: Signer,
  notAfterMs: number,
): Promise<SignedTransaction> {
  const { chainId } = ledger;
  const { source, studyId } = disclosure;
  const acceptance = await signDelegateAcceptance({ chainId, source, studyId, delegate });
  return createTransaction({
    chainId,
    kind: 'set-delegate',
    signer: owner,
    expiryHeight: ledger.height + 100,
    payload: { source, studyId, delegate: { key: delegate.publicKey, acceptance }, notAfterMs },
  });
}

/** The sealed notice that answers an image request. */
export async function noticeFor(
  ledger: TestLedger,
  patient: TestPatient,
  requestLink: string,
  changes: Partial<Parameters<typeof sealGrantNotice>[0]> = {},
): Promise<{ boxId: Uint8Array; sealed: Uint8Array }> {
  const request = decodeImageRequestLink(requestLink);
  const { source, studyId, studySalt, contentSalt, grantSalt, studyInstanceUid, label } = patient.disclosure;
  const { recipientKey, boxId } = request;
  const sealed = await sealGrantNotice(
    {
      chainId: ledger.chainId,
      boxId,
      recipientKey,
      source,
      studyId,
      studySalt,
      contentSalt,
      studyInstanceUid,
      opening: openingOf(grantSalt, recipientKey),
      notAfterMs: ledger.nowMs + 30 * DAY_MS,
      label,
      ...changes,
    },
    request.sealingKey,
  );
  return { boxId, sealed };
}

export async function askForSecret(
  ledger: TestLedger,
  source: ImageSource,
  studyId: Uint8Array,
  owner: Signer,
  note?: Uint8Array,
): Promise<StudyDisclosure> {
  const sealingKeyPair = await generateSealingKeyPair();
  const request = await createStudySecretRequest({
    chainId: ledger.chainId,
    source: source.source,
    studyId,
    owner,
    sealingKey: sealingKeyPair.publicKey,
    timeMs: ledger.nowMs,
    ...(note === undefined ? {} : { note }),
  });
  const sealed = await source.studySecret(request, { disclosureFormat: 2 });
  return (await openStudySecretReply({ request, sealed, sealingKeyPair, signingKey: source.signingKey })).disclosure;
}

/** The bytes of an owner's order, and what opens the answer. */
export async function orderBytes(
  hospital: TestHospital,
  patient: TestPatient,
  order: OwnerOrder,
  signer = patient.owner,
  nonce?: Uint8Array,
) {
  const { ledger, source } = hospital;
  const sealingKeyPair = await generateSealingKeyPair();
  const request = await createOwnerRequest({
    chainId: ledger.chainId,
    source: source.source,
    studyId: patient.disclosure.studyId,
    signer,
    sealingKey: sealingKeyPair.publicKey,
    timeMs: ledger.nowMs,
    order,
    ...(nonce && { nonce }),
  });
  return { request, sealingKeyPair };
}

/** Has an order carried out. @returns how things stand then */
export async function giveOrder(
  hospital: TestHospital,
  patient: TestPatient,
  order: OwnerOrder,
  signer?: Signer,
): Promise<OwnerReply> {
  const made = await orderBytes(hospital, patient, order, signer);
  const sealed = await hospital.source.desk.ownerRequest(made.request);
  return (await openOwnerReply({ ...made, sealed, signingKey: hospital.source.signingKey })).reply;
}
