/** The envelope of a transaction: making, reading and identifying it. Spec: docs/spec/transactions.md, section 1. */
import {
  algorithmBytes,
  bytes,
  type CanonicalValue,
  concatBytes,
  decodeCanonical,
  encodeCanonical,
  PrimitivesError,
  randomBytes,
  type Signer,
  sha256,
  uint,
} from '@radledger/primitives';
import { TransactionError } from './errors.js';
import { KIND_NUMBERS, kindOfNumber, type TransactionKind } from './kinds.js';
import { PAYLOAD_SCHEMAS, type PayloadOf } from './payloads.js';
import { validateStatelessRules } from './stateless-rules.js';

/** Number of this envelope format. */
export const TRANSACTION_FORMAT = 1;
/** Default and genesis limit of one signed transaction, in bytes. */
export const TRANSACTION_BYTES_MAX = 65_536;

/** The envelope of kind `K`. */
export interface TransactionOf<K extends TransactionKind> {
  readonly kind: K;
  /** Ed25519 public key, 32 bytes. */
  readonly signer: Uint8Array;
  /** Last height at which it may stand in a block; 0 (never expires) in Revoke Access and only there. */
  readonly expiryHeight: number;
  /** 8 random bytes: two equal wishes are two transactions. */
  readonly nonce: Uint8Array;
  readonly payload: PayloadOf<K>;
}

/** Any transaction: a union discriminated by `kind`; `Transaction<'allow-access'>` is one member. */
export type Transaction<K extends TransactionKind = TransactionKind> = { [P in K]: TransactionOf<P> }[K];

/** A transaction with its signature and the bytes that travel. */
export interface SignedTransaction<K extends TransactionKind = TransactionKind> {
  readonly transaction: Transaction<K>;
  /** 64 bytes; not part of the id. */
  readonly signature: Uint8Array;
  /** canonical([envelope, signature]): what is sent, stored and covered by the transaction root. */
  readonly bytes: Uint8Array;
  /** SHA-256 of the signed bytes, 32 bytes. */
  readonly txId: Uint8Array;
}

export interface CreateTransactionInput<K extends TransactionKind> {
  readonly chainId: Uint8Array;
  readonly kind: K;
  readonly signer: Signer;
  readonly expiryHeight: number;
  readonly payload: PayloadOf<K>;
  /** 8 bytes; random when left out. */
  readonly nonce?: Uint8Array;
}

const keySchema = algorithmBytes(32);
const signatureSchema = algorithmBytes(64);
const nonceSchema = bytes({ length: 8 });
const heightSchema = uint();
const ENVELOPE_FIELDS = 6;
/** canonical([1, 64 bytes]): fixarray of 2, 1, bin8 of 64. */
const SIGNATURE_BYTES = 1 + 1 + 2 + 64;

/**
 * Makes and signs a transaction; it obeys every rule that needs no state.
 * @throws {TransactionError} the code of the first rule it would break
 */
export async function createTransaction<K extends TransactionKind>(
  input: CreateTransactionInput<K>,
): Promise<SignedTransaction<K>> {
  const { kind, signer, expiryHeight, payload, nonce = randomBytes(8) } = input;
  const transaction = { kind, signer: signer.publicKey, expiryHeight, nonce, payload } as unknown as Transaction<K>;
  validateStatelessRules(transaction as Transaction);
  const envelope = encodeEnvelope(transaction as Transaction);
  const message = messageOf(envelope, input.chainId);
  const signature = await signer.sign(message);
  const signed = concatBytes(Uint8Array.of(0x92), envelope, encodeCanonical(signatureSchema.encode(signature)));
  return { transaction, signature, bytes: signed, txId: sha256(message) };
}

/**
 * Reads a transaction and checks every rule that needs neither state nor a signature check.
 * `bytes` of the result is the array that was passed: do not change it afterwards.
 * @param options.bytesMax - default 65,536
 * @throws {TransactionError} the code of the first rule it breaks; `MALFORMED` when the bytes are not canonical
 */
export function decodeTransaction(
  signed: Uint8Array,
  chainId: Uint8Array,
  options: { readonly bytesMax?: number } = {},
): SignedTransaction {
  const bytesMax = options.bytesMax ?? TRANSACTION_BYTES_MAX;
  if (signed.length > bytesMax) {
    throw new TransactionError(
      { code: 'TOO_LARGE', bytes: signed.length, bytesMax },
      `expected at most ${bytesMax} bytes`,
    );
  }
  const { transaction, signature } = readingCanonical(() =>
    decodeSigned(decodeCanonical(signed, { bytesMax, depthMax: 6 })),
  );
  validateStatelessRules(transaction);
  return { transaction, signature, bytes: signed, txId: sha256(signedMessageOf(signed, chainId)) };
}

/** What the signer signed: canonical(['radledger/tx/1', chain id, envelope]), cut out of the bytes that travel. */
export function signedMessageOf(signed: Uint8Array, chainId: Uint8Array): Uint8Array {
  return messageOf(signed.subarray(1, signed.length - SIGNATURE_BYTES), chainId);
}

/** True when `transaction` is of that kind. */
export function isKind<K extends TransactionKind>(
  signed: SignedTransaction,
  kind: K,
): signed is SignedTransaction & SignedTransaction<K> {
  return signed.transaction.kind === kind;
}

function encodeEnvelope(transaction: Transaction): Uint8Array {
  const payload = (PAYLOAD_SCHEMAS[transaction.kind].encode as (value: unknown) => CanonicalValue)(transaction.payload);
  return encodeCanonical([
    TRANSACTION_FORMAT,
    KIND_NUMBERS[transaction.kind],
    keySchema.encode(transaction.signer),
    heightSchema.encode(transaction.expiryHeight),
    nonceSchema.encode(transaction.nonce),
    payload,
  ]);
}

/** The array head, tag and chain id stand before the envelope's own bytes: no second encoding is needed. */
function messageOf(envelope: Uint8Array, chainId: Uint8Array): Uint8Array {
  return concatBytes(MESSAGE_HEAD, chainId, envelope);
}

const MESSAGE_HEAD = concatBytes(
  Uint8Array.of(0x93),
  encodeCanonical('radledger/tx/1'),
  Uint8Array.of(0xc4, 32), // bin8 of 32 bytes: the chain id follows
);

function decodeSigned(value: CanonicalValue): { transaction: Transaction; signature: Uint8Array } {
  const [envelope, signature] = arrayOf(value, 2, 'signed transaction');
  const [format, kindNumber, signer, expiryHeight, nonce, payload] = arrayOf(envelope, ENVELOPE_FIELDS, 'envelope');
  if (format !== TRANSACTION_FORMAT) {
    if (typeof format !== 'number') throw malformed('format');
    throw new TransactionError({ code: 'UNKNOWN_FORMAT', format }, `expected format ${TRANSACTION_FORMAT}`);
  }
  if (typeof kindNumber !== 'number') throw malformed('kind');
  const kind = kindOfNumber(kindNumber);
  if (kind === undefined) {
    throw new TransactionError({ code: 'UNKNOWN_KIND', kind: kindNumber }, 'expected a kind of this format');
  }
  refuseUnknownAlgorithm(signer as CanonicalValue);
  refuseUnknownAlgorithm(signature as CanonicalValue);
  return {
    transaction: {
      kind,
      signer: keySchema.decode(signer as CanonicalValue, 'signer'),
      expiryHeight: heightSchema.decode(expiryHeight as CanonicalValue, 'expiryHeight'),
      nonce: nonceSchema.decode(nonce as CanonicalValue, 'nonce'),
      payload: PAYLOAD_SCHEMAS[kind].decode(payload as CanonicalValue, 'payload'),
    } as unknown as Transaction,
    signature: signatureSchema.decode(signature as CanonicalValue, 'signature'),
  };
}

function refuseUnknownAlgorithm(value: CanonicalValue): void {
  if (Array.isArray(value) && value.length === 2 && typeof value[0] === 'number' && value[0] !== 1) {
    throw new TransactionError({ code: 'UNKNOWN_ALGORITHM' }, 'expected algorithm 1, Ed25519');
  }
}

function arrayOf(value: CanonicalValue | undefined, length: number, path: string): readonly CanonicalValue[] {
  if (!Array.isArray(value) || value.length !== length) throw malformed(path);
  return value as readonly CanonicalValue[];
}

function malformed(path: string, cause?: unknown): TransactionError {
  return new TransactionError({ code: 'MALFORMED', path }, `expected a canonical ${path}`, { cause });
}

function readingCanonical<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof PrimitivesError)) throw cause;
    throw malformed(cause.info.code === 'SCHEMA_MISMATCH' ? cause.info.path : 'encoding', cause);
  }
}
