/** What an owner may order of her source besides secrets and logs. Spec: docs/spec/links.md, section 17. */
import { type Infer, isStrictPublicKey, list, optional, struct, text, uint } from '@radledger/primitives';
import { type AcceptedKey, PREKEYS_MAX } from './claim.js';
import { HandoverError } from './errors.js';
import { validatePlainText } from './plain-text.js';
import { id16, key, signature } from './wire.js';

/** Longest message to a privacy office, in bytes of UTF-8. */
export const PRIVACY_TEXT_BYTES_MAX = 1000;

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
  | { readonly kind: 'open-mailbox'; readonly mailboxId: Uint8Array };

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
];

/** Every order has the same four places; only those of its kind may hold anything. */
export const orderSchema = struct({
  kind: uint(KINDS.length - 1),
  prekeys: list(struct({ ownerKey: key, acceptance: signature }), { max: PREKEYS_MAX }),
  text: text({ max: PRIVACY_TEXT_BYTES_MAX }),
  mailboxId: optional(id16),
});
type WrittenOrder = Infer<typeof orderSchema>;

/** @throws {HandoverError} `TEXT_REFUSED` | `KEY_REFUSED` | `MALFORMED_MESSAGE` */
export function writeOrder(order: OwnerOrder): WrittenOrder {
  const written: WrittenOrder = {
    kind: KINDS.indexOf(order.kind),
    prekeys: order.kind === 'leave-keys' ? [...order.prekeys] : [],
    text: order.kind === 'tell-privacy-office' ? order.text : '',
    mailboxId: order.kind === 'open-mailbox' ? order.mailboxId : undefined,
  };
  readOrder(written);
  return written;
}

/** @throws {HandoverError} `MALFORMED_MESSAGE` when it holds what its kind does not have | `TEXT_REFUSED` | `KEY_REFUSED` */
export function readOrder(written: WrittenOrder): OwnerOrder {
  const kind = KINDS[written.kind];
  const { prekeys, text: told, mailboxId } = written;
  const isFilled =
    prekeys.length > 0 === (kind === 'leave-keys') &&
    (told !== '') === (kind === 'tell-privacy-office') &&
    (mailboxId !== undefined) === (kind === 'open-mailbox');
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
  return { kind };
}
