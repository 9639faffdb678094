/** What an owner tells her delegate, so that the delegate can name recipients. Spec: docs/spec/links.md, section 12. */
import { base64urlnopad } from '@scure/base';
import { encodeCanonical, encodeWith, equalBytes, struct, uint } from '@radledger/primitives';
import { studyIdOf } from '@radledger/transactions';
import { HandoverError } from './errors.js';
import { validatePlainText, validateStudyInstanceUid } from './plain-text.js';
import { openSealed, type SealContext, type SealingKeyPair, sealTo } from './sealing.js';
import { decodeMessage, format, id32, key, label, studyInstanceUid } from './wire.js';

const BYTES_MAX = 1024;
const INFO = 'radledger/delegation/1';

const schema = struct({
  format,
  chainId: id32,
  source: id32,
  studyId: id32,
  era: uint(),
  studySalt: id32,
  contentSalt: id32,
  grantSalt: id32,
  studyInstanceUid,
  label,
});

/** The owner's knowledge of one study in one era. */
export interface Delegation {
  readonly chainId: Uint8Array;
  readonly source: Uint8Array;
  readonly studyId: Uint8Array;
  /** Grants made with `grantSalt` count in this era only. */
  readonly era: number;
  readonly studySalt: Uint8Array;
  readonly contentSalt: Uint8Array;
  readonly grantSalt: Uint8Array;
  readonly studyInstanceUid: string;
  readonly label: string;
}

/** Seals for the delegate's key, as text (base64url). @throws {HandoverError} `TEXT_REFUSED` | `STUDY_ID_MISMATCH` | `KEY_REFUSED` */
export async function sealDelegation(
  delegation: Delegation,
  delegate: { readonly key: Uint8Array; readonly sealingKey: Uint8Array },
): Promise<string> {
  validate(delegation);
  const plaintext = encodeWith(schema, { format: 1, ...delegation });
  return base64urlnopad.encode(await sealTo(delegate.sealingKey, contextOf(delegation, delegate.key), plaintext));
}

/**
 * Opens what the owner sealed for this study and key. Whether she made this key her delegate is for the ledger to say.
 * @throws {HandoverError} `MALFORMED_LINK` | `MALFORMED_MESSAGE` | `SEAL_BROKEN` | `NOT_FOR_US` | `STUDY_ID_MISMATCH`
 */
export async function openDelegation(input: {
  text: string;
  chainId: Uint8Array;
  source: Uint8Array;
  studyId: Uint8Array;
  key: Uint8Array;
  sealingKeyPair: SealingKeyPair;
}): Promise<Delegation> {
  let sealed: Uint8Array;
  try {
    sealed = base64urlnopad.decode(input.text.trim().slice(0, 4 * BYTES_MAX));
  } catch (cause) {
    throw new HandoverError({ code: 'MALFORMED_LINK' }, 'expected a delegation as base64url text', { cause });
  }
  const plaintext = await openSealed(input.sealingKeyPair, contextOf(input, input.key), sealed);
  const { format: _, ...delegation } = decodeMessage(schema, plaintext, 'delegation', BYTES_MAX);
  for (const field of ['chainId', 'source', 'studyId'] as const) {
    if (!equalBytes(delegation[field], input[field])) {
      throw new HandoverError({ code: 'NOT_FOR_US', field }, `the delegation names another ${field}`);
    }
  }
  validate(delegation);
  return delegation;
}

function validate(delegation: Delegation): void {
  validateStudyInstanceUid(delegation.studyInstanceUid);
  validatePlainText(delegation.label, { field: 'label', bytesMax: 128 });
  if (!equalBytes(studyIdOf(delegation), delegation.studyId)) {
    throw new HandoverError({ code: 'STUDY_ID_MISMATCH' }, 'salt, source and Study Instance UID give another study id');
  }
}

function contextOf(study: Pick<Delegation, 'chainId' | 'source' | 'studyId'>, delegateKey: Uint8Array): SealContext {
  return { info: INFO, aad: encodeCanonical([study.chainId, study.source, study.studyId, key.encode(delegateKey)]) };
}
