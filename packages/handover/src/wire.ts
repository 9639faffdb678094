/** Field schemas and limits that the messages share. Spec: docs/spec/links.md, section 2. */
import {
  algorithmBytes,
  bytes,
  decodeWith,
  encodeCanonical,
  literal,
  type Schema,
  text,
  tuple,
  uint,
} from '@radledger/primitives';
import { HandoverError } from './errors.js';

/** The format number of every message of this package. */
export const FORMAT = 1;
/** Largest time in a message: the last millisecond that a JavaScript date can hold. */
export const TIME_MS_MAX = 8_640_000_000_000_000;

export const format = literal(FORMAT);
export const id32 = bytes({ length: 32 });
export const id16 = bytes({ length: 16 });
export const key = algorithmBytes(32);
export const signature = algorithmBytes(64);
export const timeMs = uint(TIME_MS_MAX);
export const gatewayUrl = text({ max: 256 });
export const studyInstanceUid = text({ max: 64 });
export const label = text({ max: 128 });
/** Longest name that a recipient gives itself, in bytes of UTF-8. */
export const DISPLAY_NAME_BYTES_MAX = 128;
export const displayName = text({ max: DISPLAY_NAME_BYTES_MAX });

/** IANA HPKE registry: DHKEM(X25519, HKDF-SHA256). */
export const KEM_ID = 0x0020;
const sealingKeyPair = tuple(literal(KEM_ID), bytes({ length: 32 }));

/** An X25519 public key, on the wire as [KEM id of the IANA HPKE registry, 32 bytes]; an unknown id fails closed. */
export const sealingKey: Schema<Uint8Array> = {
  encode: (value) => sealingKeyPair.encode([KEM_ID, value]),
  decode: (value) => sealingKeyPair.decode(value)[1],
};

/** The bytes under a signature: canonical([tag, chain id, body]) (design D3). */
export function signedBytes<T>(tag: string, chainId: Uint8Array, schema: Schema<T>, body: T): Uint8Array {
  return encodeCanonical([tag, chainId, schema.encode(body)]);
}

/** @throws {HandoverError} `MALFORMED_MESSAGE`, with the reader's error as its cause */
export function decodeMessage<T>(schema: Schema<T>, bytesIn: Uint8Array, message: string, bytesMax: number): T {
  try {
    return decodeWith(schema, bytesIn, { bytesMax });
  } catch (cause) {
    throw new HandoverError({ code: 'MALFORMED_MESSAGE', message }, `not a valid ${message}`, { cause });
  }
}
