/**
 * What she agreed to, word for word as it stood on her screen (people.md B13). Its salted hash goes into the Allow, the receipt itself into
 * her notes: the source keeps it and cannot read it. Spec: docs/spec/wallet-keys.md, section 14.
 */
import { bytes, decodeWith, encodeWith, hash, literal, randomBytes, struct, text, uint } from '@radledger/primitives';
import { WalletError } from './errors.js';
import { CONSENT_RECEIPT_BYTES_MAX } from './wallet-state.js';

const TEXT_BYTES_MAX = 1_900;

const schema = struct({
  format: literal(1),
  salt: bytes({ length: 32 }),
  shownAtMs: uint(),
  language: text({ max: 35 }),
  text: text({ max: TEXT_BYTES_MAX }),
});

/** A text that was shown before an Allow. */
export interface ConsentReceipt {
  readonly shownAtMs: number;
  /** BCP 47, e.g. `de-AT`. */
  readonly language: string;
  /** Who discloses, who receives, what, why, until when, the right to stop, and that copies stay. At most 1,900 bytes. */
  readonly text: string;
}

/** @throws {WalletError} `RECEIPT_REFUSED` when text or language are too long */
export function createConsentReceipt(receipt: ConsentReceipt, salt: Uint8Array = randomBytes(32)): Uint8Array {
  try {
    return encodeWith(schema, { format: 1, salt, ...receipt });
  } catch (cause) {
    throw new WalletError({ code: 'RECEIPT_REFUSED' }, `expected at most ${TEXT_BYTES_MAX} bytes of text`, { cause });
  }
}

/** @throws {WalletError} `RECEIPT_REFUSED` */
export function readConsentReceipt(receipt: Uint8Array): ConsentReceipt {
  try {
    const { shownAtMs, language, text: shown } = decodeWith(schema, receipt, { bytesMax: CONSENT_RECEIPT_BYTES_MAX });
    return { shownAtMs, language, text: shown };
  } catch (cause) {
    throw new WalletError({ code: 'RECEIPT_REFUSED' }, 'not a consent receipt', { cause });
  }
}

/** What the Allow carries: 32 bytes that tell nothing without the receipt. */
export function consentReceiptHash(receipt: Uint8Array): Uint8Array {
  return hash('radledger/consent-receipt/1', receipt);
}
