import { hmacSha256, sha256 } from '#platform';
import { type CanonicalValue, encodeCanonical } from './canonical.js';
import { concatBytes, utf8 } from './bytes.js';

export { hmacSha256, sha256 };

/** H(tag, parts...) of D3: SHA-256 over canonical([tag, ...parts]); 32 bytes. Tags look like `radledger/study/1`. */
export function hash(tag: string, ...parts: readonly CanonicalValue[]): Uint8Array {
  return sha256(encodeCanonical([tag, ...parts]));
}

/**
 * HKDF-SHA-256 (RFC 5869) with an empty salt and `label` as info.
 * @param length - 1 to 8,160 bytes, default 32
 */
export function hkdfSha256(secret: Uint8Array, label: string, length = 32): Uint8Array {
  const pseudoRandomKey = hmacSha256(new Uint8Array(32), secret);
  const info = utf8(label);
  const output = new Uint8Array(Math.ceil(length / 32) * 32);
  let block: Uint8Array = new Uint8Array(0);
  for (let i = 0; i * 32 < length; i++) {
    block = hmacSha256(pseudoRandomKey, concatBytes(block, info, Uint8Array.of(i + 1)));
    output.set(block, i * 32);
  }
  return output.slice(0, length);
}
