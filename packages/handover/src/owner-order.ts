/** What an owner may order of her source besides secrets and logs. Spec: docs/spec/links.md, section 17. */
import { type Infer, isStrictPublicKey, list, optional, struct, text, uint } from '@radledger/primitives';
import { type AcceptedKey, PREKEYS_MAX } from './claim.js';
import { HandoverError } from './errors.js';
import { validatePlainText } from './plain-text.js';
import { DISPLAY_NAME_BYTES_MAX, displayName, id16, key, signature } from './wire.js';

/** Longest message to a privacy office, in bytes of UTF-8. */
export const PRIVACY_TEXT_BYTES_MAX = 1000;

/** Longest name of a reader, in bytes of UTF-8. */
export const READER_NAME_BYTES_MAX = 128;
/**
 * How the name of a reader was proven to the owner's app: an imaging centre of the ledger vouches for the key, whoever runs a web server
 * does, or nobody.
 */
export const READER_ORIGINS = ['source', 'https', 'unproven'] as const;

/** One order; all but the first change something at the source. */
export type OwnerOrder =
  | {
      readonly kind:
        | 'look'
        | 'pause-link'
        | 'resume-link'
        | 'end-link'
        | 'wrong-patient'
        | 'stop-replacement'
        | 'confirm-replacement';
    }
  /** 1 to 20 further keys for repeat visits. */
  | { readonly kind: 'leave-keys'; readonly prekeys: readonly AcceptedKey[] }
  /** One plain line of at most 1,000 bytes. */
  | { readonly kind: 'tell-privacy-office'; readonly text: string }
  | { readonly kind: 'open-mailbox'; readonly mailboxId: Uint8Array }
  /**
   * Whom she let in: a recipient key, the name or web address that was proven for it, one plain line of at most 128 bytes, and what its
   * request called itself, which nobody proved; empty for nothing.
   */
  | {
      readonly kind: 'name-reader';
      readonly key: Uint8Array;
      readonly name: string;
      readonly displayName: string;
      readonly origin: (typeof READER_ORIGINS)[number];
    };

const KINDS: readonly OwnerOrder['kind'][] = [
  'look',
  'leave-keys',
  'pause-link',
  'resume-link',
  'end-link',
  'wrong-patient',
  'stop-replacement',
  'confirm-replacement',
  'tell-privacy-office',
  'open-mailbox',
  'name-reader',
];

/** Every order has the same five places; only those of its kind may hold anything. */
export const orderSchema = struct({
  kind: uint(KINDS.length - 1),
  prekeys: list(struct({ ownerKey: key, acceptance: signature }), { max: PREKEYS_MAX }),
  text: text({ max: PRIVACY_TEXT_BYTES_MAX }),
  mailboxId: optional(id16),
  reader: optional(struct({ key, origin: uint(READER_ORIGINS.length - 1), displayName })),
});
type WrittenOrder = Infer<typeof orderSchema>;

/** @throws {HandoverError} `TEXT_REFUSED` | `KEY_REFUSED` | `MALFORMED_MESSAGE` */
export function writeOrder(order: OwnerOrder): WrittenOrder {
  const written: WrittenOrder = {
    kind: KINDS.indexOf(order.kind),
    prekeys: order.kind === 'leave-keys' ? [...order.prekeys] : [],
    text: order.kind === 'tell-privacy-office' ? order.text : order.kind === 'name-reader' ? order.name : '',
    mailboxId: order.kind === 'open-mailbox' ? order.mailboxId : undefined,
    reader: order.kind === 'name-reader' ? readerOf(order) : undefined,
  };
  readOrder(written);
  return written;
}

/** @throws {HandoverError} `MALFORMED_MESSAGE` when it holds what its kind does not have | `TEXT_REFUSED` | `KEY_REFUSED` */
export function readOrder(written: WrittenOrder): OwnerOrder {
  const kind = KINDS[written.kind];
  const { prekeys, text: told, mailboxId, reader } = written;
  const isFilled =
    prekeys.length > 0 === (kind === 'leave-keys') &&
    (told !== '') === (kind === 'tell-privacy-office' || kind === 'name-reader') &&
    (mailboxId !== undefined) === (kind === 'open-mailbox') &&
    (reader !== undefined) === (kind === 'name-reader');
  if (kind === undefined || !isFilled) {
    const info = { code: 'MALFORMED_MESSAGE', message: 'owner request' } as const;
    throw new HandoverError(info, 'the order does not hold what its kind asks for');
  }
  if (kind === 'leave-keys') {
    const keys = prekeys.map(({ ownerKey }) => ownerKey);
    if (!keys.every(isStrictPublicKey) || new Set(keys.map(String)).size !== keys.length) {
      throw new HandoverError({ code: 'KEY_REFUSED', field: 'prekeys' }, 'keys must be strict and all different');
    }
    return { kind, prekeys };
  }
  if (kind === 'tell-privacy-office') {
    return { kind, text: validatePlainText(told, { field: 'text', bytesMax: PRIVACY_TEXT_BYTES_MAX }) };
  }
  if (kind === 'open-mailbox') return { kind, mailboxId: mailboxId as Uint8Array };
  if (kind === 'name-reader') {
    const { key: readerKey, origin, displayName: called } = reader as NonNullable<typeof reader>;
    if (!isStrictPublicKey(readerKey)) {
      throw new HandoverError({ code: 'KEY_REFUSED', field: 'reader' }, 'not a recipient key');
    }
    const name = validatePlainText(told, { field: 'name', bytesMax: READER_NAME_BYTES_MAX });
    validatePlainText(called, { field: 'displayName', bytesMax: DISPLAY_NAME_BYTES_MAX });
    const proof = READER_ORIGINS[origin] as (typeof READER_ORIGINS)[number];
    return { kind, key: readerKey, name, displayName: called, origin: proof };
  }
  return { kind };
}

function readerOf(order: Extract<OwnerOrder, { readonly kind: 'name-reader' }>): WrittenOrder['reader'] {
  return { key: order.key, origin: READER_ORIGINS.indexOf(order.origin), displayName: order.displayName };
}
