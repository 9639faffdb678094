/** Somebody agrees to act for an owner, or to take her studies over: `#a=`. Spec: docs/spec/links.md, section 19. */
import {
  encodeWith,
  type Infer,
  isStrictPublicKey,
  list,
  type Signer,
  struct,
  verifyFast,
} from '@radledger/primitives';
import {
  delegateAcceptanceMessage,
  moveAcceptanceMessage,
  signDelegateAcceptance,
  signMoveAcceptance,
} from '@radledger/transactions';
import { HandoverError } from './errors.js';
import { readLink, writeLink } from './link.js';
import { validatePlainText } from './plain-text.js';
import { type Role, ROLE_STUDIES_MAX, requireForUs, role, validateStudies } from './role-offer.js';
import {
  DISPLAY_NAME_BYTES_MAX,
  decodeMessage,
  displayName,
  format,
  id32,
  key,
  signature,
  signedBytes,
  timeMs,
} from './wire.js';

const BYTES_MAX = 2048;
const TAG = 'radledger/role-answer/1';

const bodySchema = struct({
  format,
  chainId: id32,
  role,
  displayName,
  expiresAtMs: timeMs,
  studies: list(struct({ source: id32, studyId: id32, key, acceptance: signature }), { max: ROLE_STUDIES_MAX }),
});
type Body = Infer<typeof bodySchema>;
const schema = struct({ body: bodySchema, signature });

/** A person's consent, good for these studies and this role only. */
export interface RoleAnswer {
  readonly chainId: Uint8Array;
  readonly role: Role;
  /** What the person calls herself; one plain line of at most 128 bytes, proven by nothing. */
  readonly displayName: string;
  /** When the answer ends as a link; what it allows the owner to put on the ledger has no end of its own. */
  readonly expiresAtMs: number;
  /** 1 to 5, each once. */
  readonly studies: readonly {
    readonly source: Uint8Array;
    readonly studyId: Uint8Array;
    /** The person's fresh key for this study. */
    readonly key: Uint8Array;
    /** Of Set Delegate or Move Owner, by that key. */
    readonly acceptance: Uint8Array;
  }[];
}

/**
 * Signs for each study with its fresh key, and the whole with the first of them.
 * @throws {HandoverError} `TEXT_REFUSED` | `MALFORMED_MESSAGE`
 */
export async function createRoleAnswer(input: {
  chainId: Uint8Array;
  role: Role;
  displayName: string;
  expiresAtMs: number;
  studies: readonly { source: Uint8Array; studyId: Uint8Array; signer: Signer }[];
}): Promise<Uint8Array> {
  const { chainId } = input;
  const studies = [];
  for (const { source, studyId, signer } of input.studies) {
    const acceptance =
      input.role === 'delegate'
        ? await signDelegateAcceptance({ chainId, source, studyId, delegate: signer })
        : await signMoveAcceptance({ chainId, source, studyId, newOwner: signer });
    studies.push({ source, studyId, key: signer.publicKey, acceptance });
  }
  const body: Body = { format: 1, ...input, studies };
  validate(body);
  const { signer } = input.studies[0] as (typeof input.studies)[number];
  return encodeWith(schema, { body, signature: await signer.sign(signedBytes(TAG, chainId, bodySchema, body)) });
}

/** @param pageUrl - the page that opens answers, without a fragment */
export function encodeRoleAnswerLink(answerBytes: Uint8Array, pageUrl: string): string {
  return writeLink(pageUrl, 'a', answerBytes);
}

/**
 * Reads an answer from a link, its fragment, or the bare base64url text, and verifies all of its signatures.
 * @returns also its bytes: what both people's devices make matching words from
 * @throws {HandoverError} `MALFORMED_LINK` | `MALFORMED_MESSAGE` | `TEXT_REFUSED` | `KEY_REFUSED` | `SIGNATURE_INVALID` | `NOT_FOR_US` | `EXPIRED`
 */
export async function readRoleAnswerLink(
  link: string,
  expected: { chainId: Uint8Array; nowMs: number },
): Promise<RoleAnswer & { readonly answerBytes: Uint8Array }> {
  const answerBytes = readLink(link, 'a');
  const { body, signature: whole } = decodeMessage(schema, answerBytes, 'role answer', BYTES_MAX);
  const { format: _, ...answer } = body;
  validate(answer);
  requireForUs(answer, expected);
  const { chainId, studies } = answer;
  const messageOf = answer.role === 'delegate' ? delegateAcceptanceMessage : moveAcceptanceMessage;
  for (const study of studies) {
    if (!isStrictPublicKey(study.key)) {
      throw new HandoverError({ code: 'KEY_REFUSED', field: 'key' }, 'not a key that a person may hold');
    }
    if (!(await verifyFast(study.key, messageOf({ chainId, ...study }), study.acceptance)))
      throw notSigned('acceptance');
  }
  const { key: firstKey } = studies[0] as (typeof studies)[number];
  if (!(await verifyFast(firstKey, signedBytes(TAG, chainId, bodySchema, body), whole))) throw notSigned('signature');
  return { ...answer, answerBytes };
}

function validate(answer: RoleAnswer): void {
  validatePlainText(answer.displayName, { field: 'displayName', bytesMax: DISPLAY_NAME_BYTES_MAX });
  validateStudies(answer.studies, 'role answer');
}

function notSigned(field: string): HandoverError {
  return new HandoverError({ code: 'SIGNATURE_INVALID', field }, 'not signed by its own key');
}
