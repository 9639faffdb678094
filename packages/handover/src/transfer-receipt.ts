/** What each side of a transfer keeps, signed by the other. Spec: docs/spec/links.md, section 15. */
import {
  bytes,
  encodeWith,
  equalBytes,
  type Infer,
  isStrictPublicKey,
  type Signer,
  struct,
  uint,
  verifyFast,
} from '@radledger/primitives';
import { HandoverError } from './errors.js';
import { decodeMessage, format, id32, key, signature, signedBytes, timeMs } from './wire.js';

/** Largest receipt on the wire. */
export const TRANSFER_RECEIPT_BYTES_MAX = 512;

const TAG = 'radledger/transfer-receipt/1';
const SIDES = ['source', 'recipient'] as const;

const receiptBody = struct({
  format,
  chainId: id32,
  /** Who signs. */
  side: uint(SIDES.length - 1),
  source: id32,
  recipientKey: key,
  studyId: id32,
  content: id32,
  requestDigest: bytes({ length: 32 }),
  bytes: uint(),
  atMs: timeMs,
});
const receiptSchema = struct({ body: receiptBody, signature });

/** That one study went from a source to a recipient, as one of them says. */
export interface TransferReceipt {
  readonly chainId: Uint8Array;
  /** Who says so. The source signs what it sent, the recipient what it received and checked. */
  readonly side: (typeof SIDES)[number];
  readonly source: Uint8Array;
  readonly recipientKey: Uint8Array;
  readonly studyId: Uint8Array;
  /** The version: the study's content on the ledger. */
  readonly content: Uint8Array;
  /** SHA-256 of the wsa:MessageID of the request that it answers. */
  readonly requestDigest: Uint8Array;
  /** Size of the file-set. */
  readonly bytes: number;
  /** When its side was done with it. */
  readonly atMs: number;
}

/** A receipt as received. Whether its signature is that of its side is still to be verified. */
export interface SignedTransferReceipt extends TransferReceipt {
  readonly signature: Uint8Array;
}

/** @param signer - the recipient key, or the source's current signing key */
export async function createTransferReceipt(receipt: TransferReceipt, signer: Signer): Promise<Uint8Array> {
  const body = bodyOf(receipt);
  const own = await signer.sign(signedBytes(TAG, receipt.chainId, receiptBody, body));
  return encodeWith(receiptSchema, { body, signature: own });
}

/** @throws {HandoverError} `MALFORMED_MESSAGE` | `KEY_REFUSED` */
export function decodeTransferReceipt(encoded: Uint8Array): SignedTransferReceipt {
  const { body, signature: own } = decodeMessage(
    receiptSchema,
    encoded,
    'transfer receipt',
    TRANSFER_RECEIPT_BYTES_MAX,
  );
  const { format: _, side, ...fields } = body;
  if (!isStrictPublicKey(fields.recipientKey)) {
    throw new HandoverError({ code: 'KEY_REFUSED', field: 'recipientKey' }, 'not a recipient key');
  }
  return { ...fields, side: SIDES[side] as TransferReceipt['side'], signature: own };
}

/**
 * Checks who signed a receipt, and that it is about the transfer that its reader knows of.
 * @param expected.key - of the side that signs: the recipient key, or the source's current signing key
 * @param expected.about - what must be equal; times differ, and are each side's own
 * @throws {HandoverError} `NOT_FOR_US` | `SIGNATURE_INVALID`
 */
export async function verifyTransferReceipt(
  receipt: SignedTransferReceipt,
  expected: { readonly key: Uint8Array; readonly about: Omit<TransferReceipt, 'atMs'> },
): Promise<void> {
  const { about } = expected;
  for (const field of ['chainId', 'source', 'recipientKey', 'studyId', 'content', 'requestDigest'] as const) {
    if (equalBytes(receipt[field], about[field])) continue;
    throw new HandoverError({ code: 'NOT_FOR_US', field }, `the receipt names another ${field}`);
  }
  for (const field of ['side', 'bytes'] as const) {
    if (receipt[field] === about[field]) continue;
    throw new HandoverError({ code: 'NOT_FOR_US', field }, `the receipt names another ${field}`);
  }
  const message = signedBytes(TAG, receipt.chainId, receiptBody, bodyOf(receipt));
  if (!(await verifyFast(expected.key, message, receipt.signature))) {
    throw new HandoverError({ code: 'SIGNATURE_INVALID', field: 'signature' }, 'not signed by the side that it names');
  }
}

function bodyOf(receipt: TransferReceipt): Infer<typeof receiptBody> {
  const { chainId, source, recipientKey, studyId, content, requestDigest, bytes: size, atMs } = receipt;
  const ids = { chainId, source, recipientKey, studyId, content, requestDigest };
  return { format: 1, side: SIDES.indexOf(receipt.side), ...ids, bytes: size, atMs };
}
