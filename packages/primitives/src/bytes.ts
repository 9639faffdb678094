import { decodeHex, encodeHex } from '#platform';
import { PrimitivesError } from './errors.js';

const UTF8_ENCODER = new TextEncoder();
const UTF8_DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Lower-case hexadecimal, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  return encodeHex(bytes);
}

/**
 * Bytes of a lower-case hexadecimal text of even length.
 * @throws {PrimitivesError} `INVALID_HEX` for upper case, odd length or any other character
 */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) {
    throw new PrimitivesError({ code: 'INVALID_HEX' }, 'expected an even number of lower-case hexadecimal digits');
  }
  return decodeHex(text);
}

/** UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return UTF8_ENCODER.encode(text);
}

/**
 * Text of UTF-8 bytes; a byte order mark is kept.
 * @throws {PrimitivesError} `NOT_CANONICAL` when the bytes are not well-formed UTF-8
 */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return UTF8_DECODER.decode(bytes);
  } catch (cause) {
    throw new PrimitivesError({ code: 'NOT_CANONICAL', offset: 0 }, 'expected well-formed UTF-8', { cause });
  }
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** Equality of public values; not constant-time, so never for secrets. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Equality in a time that depends on the lengths alone: for codes, authentication tags and secrets. */
export function equalSecrets(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

/** Bytewise lexicographic order; a prefix comes first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): -1 | 0 | 1 {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference < 0 ? -1 : 1;
  }
  return a.length === b.length ? 0 : a.length < b.length ? -1 : 1;
}

/** Bytes from the platform's cryptographic random source; at most 65,536 a call. */
export function randomBytes(length: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(length));
}
