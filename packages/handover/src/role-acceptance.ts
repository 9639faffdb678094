/** A person's consent to become delegate or next owner of one study. Spec: docs/spec/links.md, section 11. */
import { base64urlnopad } from '@scure/base';
import { encodeWith, isStrictPublicKey, type Signer, struct, verifyFast } from '@radledger/primitives';
import {
  delegateAcceptanceMessage,
  moveAcceptanceMessage,
  signDelegateAcceptance,
  signMoveAcceptance,
} from '@radledger/transactions';
import { HandoverError } from './errors.js';
import { role, type Role } from './role-offer.js';
import { decodeMessage, format, id32, key, sealingKey, signature } from './wire.js';

const BYTES_MAX = 512;

const schema = struct({
  format,
  chainId: id32,
  source: id32,
  studyId: id32,
  role,
  key,
  acceptance: signature,
  sealingKey,
});

/** What the accepting person gives to the owner: good for this study and this role only. */
export interface RoleAcceptance {
  readonly chainId: Uint8Array;
  readonly source: Uint8Array;
  readonly studyId: Uint8Array;
  readonly role: Role;
  /** The accepting person's fresh key. */
  readonly key: Uint8Array;
  readonly acceptance: Uint8Array;
  /** X25519 key to which the owner seals what a delegate needs to know. */
  readonly sealingKey: Uint8Array;
}

/** Signs an acceptance with the fresh key of the accepting person. */
export async function createRoleAcceptance(input: {
  chainId: Uint8Array;
  source: Uint8Array;
  studyId: Uint8Array;
  role: Role;
  signer: Signer;
  sealingKey: Uint8Array;
}): Promise<RoleAcceptance> {
  const { signer, sealingKey: ownSealingKey, ...study } = input;
  const acceptance =
    input.role === 'delegate'
      ? await signDelegateAcceptance({ ...study, delegate: signer })
      : await signMoveAcceptance({ ...study, newOwner: signer });
  return { ...study, key: signer.publicKey, acceptance, sealingKey: ownSealingKey };
}

/** The acceptance as text (base64url). */
export function encodeRoleAcceptance(acceptance: RoleAcceptance): string {
  return base64urlnopad.encode(encodeWith(schema, { format: 1, ...acceptance }));
}

/**
 * Reads the text and verifies its signature.
 * @throws {HandoverError} `MALFORMED_LINK` | `MALFORMED_MESSAGE` | `KEY_REFUSED` | `SIGNATURE_INVALID`
 */
export async function readRoleAcceptance(text: string): Promise<RoleAcceptance> {
  let bytes: Uint8Array;
  try {
    bytes = base64urlnopad.decode(text.trim().slice(0, 2 * BYTES_MAX));
  } catch (cause) {
    throw new HandoverError({ code: 'MALFORMED_LINK' }, 'expected an acceptance as base64url text', { cause });
  }
  const { format: _, ...acceptance } = decodeMessage(schema, bytes, 'role acceptance', BYTES_MAX);
  if (!isStrictPublicKey(acceptance.key)) {
    throw new HandoverError({ code: 'KEY_REFUSED', field: 'key' }, 'not a key that a person may hold');
  }
  const message = (acceptance.role === 'delegate' ? delegateAcceptanceMessage : moveAcceptanceMessage)(acceptance);
  if (!(await verifyFast(acceptance.key, message, acceptance.acceptance))) {
    throw new HandoverError({ code: 'SIGNATURE_INVALID', field: 'acceptance' }, 'not signed by its own key');
  }
  return acceptance;
}
