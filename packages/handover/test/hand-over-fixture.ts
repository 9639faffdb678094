/** Fixed parties of a hand-over: the same bytes in every run. */
import { createSigner, type Signer, sha256, utf8 } from '@radledger/primitives';
import { openingOf, studyIdOf, studySalts } from '@radledger/transactions';
import {
  deriveSealingKeyPair,
  type GrantNotice,
  type ImageRequest,
  type Invitation,
  type StudyDisclosure,
} from '../src/index.js';

/** 32 bytes that are the same in every run. */
export function bytesOf(label: string): Uint8Array {
  return sha256(utf8(label));
}

export function signerOf(label: string): Promise<Signer> {
  return createSigner(bytesOf(label));
}

export const chainId = bytesOf('chain');
export const nowMs = 1_800_000_000_000;
export const gatewayApi = 'https://images.example';
export const source = await signerOf('source');
export const owner = await signerOf('owner');
export const recipient = await signerOf('recipient');
export const sealingPair = await deriveSealingKeyPair(bytesOf('sealing'));

export const invitation: Invitation = {
  chainId,
  gatewayApi,
  invitationId: bytesOf('invitation').slice(0, 16),
  secret: bytesOf('invitation secret'),
  source: source.publicKey,
  expiresAtMs: nowMs + 86_400_000,
};

export const salts = studySalts(bytesOf('study secret'));
export const studyInstanceUid = '1.2.840.113619.2.1';
export const studyId = studyIdOf({ source: source.publicKey, studySalt: salts.studySalt, studyInstanceUid });

export const disclosure: StudyDisclosure = {
  source: source.publicKey,
  studyId,
  ownerKey: owner.publicKey,
  era: 0,
  ...salts,
  studyInstanceUid,
  label: 'MRI, knee, 20 Nov 2026',
  issuedAtMs: nowMs,
};

export const imageRequest: ImageRequest = {
  chainId,
  recipientKey: recipient.publicKey,
  sealingKey: sealingPair.publicKey,
  gatewayApi: 'https://lakeside-ortho.example/radledger',
  boxId: bytesOf('box').slice(0, 16),
  displayName: 'Dr Rivera, Lakeside Orthopaedics',
  reason: 'Second opinion',
  wantedUntilMs: nowMs + 30 * 86_400_000,
  expiresAtMs: nowMs + 86_400_000,
};

export const notice: GrantNotice = {
  chainId,
  boxId: imageRequest.boxId,
  recipientKey: recipient.publicKey,
  source: source.publicKey,
  studyId,
  studySalt: salts.studySalt,
  contentSalt: salts.contentSalt,
  studyInstanceUid,
  opening: openingOf(salts.grantSalt, recipient.publicKey),
  notAfterMs: nowMs + 30 * 86_400_000,
  label: disclosure.label,
};
