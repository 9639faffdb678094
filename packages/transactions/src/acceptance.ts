/** What a key signs to accept a role: nobody is made owner, delegate or voter unasked. Spec: docs/spec/transactions.md, section 5. */
import { algorithmBytes, encodeCanonical, type Signer } from '@radledger/primitives';
import { KEY_ROLE_NUMBERS, type KeyRole } from './kinds.js';

const key = algorithmBytes(32);

export interface AcceptanceInput {
  readonly chainId: Uint8Array;
  readonly source: Uint8Array;
  /** The key that accepts, and signs. */
  readonly ownerKey: Uint8Array;
}

export interface StudyAcceptanceInput {
  readonly chainId: Uint8Array;
  readonly source: Uint8Array;
  readonly studyId: Uint8Array;
  /** The key that accepts, and signs. */
  readonly key: Uint8Array;
}

/** Message of an owner's acceptance in Define Study; signed before a studyId exists, usable once (D6). */
export function acceptanceMessage({ chainId, source, ownerKey }: AcceptanceInput): Uint8Array {
  return encodeCanonical(['radledger/accept/1', chainId, source, key.encode(ownerKey)]);
}

/** Message of a delegate's acceptance in Set Delegate. */
export function delegateAcceptanceMessage(input: StudyAcceptanceInput): Uint8Array {
  return encodeCanonical([
    'radledger/accept-delegate/1',
    input.chainId,
    input.source,
    input.studyId,
    key.encode(input.key),
  ]);
}

/** Message of a new owner's acceptance in Move Owner. */
export function moveAcceptanceMessage(input: StudyAcceptanceInput): Uint8Array {
  return encodeCanonical([
    'radledger/accept-move/1',
    input.chainId,
    input.source,
    input.studyId,
    key.encode(input.key),
  ]);
}

/** Message that proves possession of a signing, node or VRF key of a source; signed by that key. */
export function keyProofMessage(input: { chainId: Uint8Array; source: Uint8Array; role: KeyRole }): Uint8Array {
  return encodeCanonical(['radledger/key/1', input.chainId, input.source, KEY_ROLE_NUMBERS[input.role]]);
}

/** The owner's acceptance for Define Study: 64 bytes. */
export function signAcceptance(input: { chainId: Uint8Array; source: Uint8Array; owner: Signer }): Promise<Uint8Array> {
  const { chainId, source, owner } = input;
  return owner.sign(acceptanceMessage({ chainId, source, ownerKey: owner.publicKey }));
}

/** The delegate's acceptance for Set Delegate: 64 bytes. */
export function signDelegateAcceptance(input: {
  chainId: Uint8Array;
  source: Uint8Array;
  studyId: Uint8Array;
  delegate: Signer;
}): Promise<Uint8Array> {
  const { delegate, ...rest } = input;
  return delegate.sign(delegateAcceptanceMessage({ ...rest, key: delegate.publicKey }));
}

/** The new owner's acceptance for Move Owner: 64 bytes. */
export function signMoveAcceptance(input: {
  chainId: Uint8Array;
  source: Uint8Array;
  studyId: Uint8Array;
  newOwner: Signer;
}): Promise<Uint8Array> {
  const { newOwner, ...rest } = input;
  return newOwner.sign(moveAcceptanceMessage({ ...rest, key: newOwner.publicKey }));
}

/** The proof of possession that Define Source and Rotate Key carry: 64 bytes. */
export function signKeyProof(input: {
  chainId: Uint8Array;
  source: Uint8Array;
  role: KeyRole;
  key: Signer;
}): Promise<Uint8Array> {
  return input.key.sign(keyProofMessage(input));
}
