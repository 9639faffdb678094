import { concatBytes, encodeCanonical, sha256 } from '@radledger/primitives';

/** Where short inputs are laid out: hashing is synchronous and copies its input, so one place serves all. */
const scratch = new Uint8Array(4_096);

/**
 * H(tag, bytes) for one tag: the tag's bytes are written once, and inputs that fit are laid out without an allocation.
 * A block hashes thousands of names, values and transactions.
 */
export function bytesHasher(tag: string): (bytes: Uint8Array) => Uint8Array {
  const head = concatBytes(Uint8Array.of(0x92), encodeCanonical(tag));
  const bytesAt = head.length + 3;
  return (bytes) => {
    const { length } = bytes;
    if (length > 0xffff || bytesAt + length > scratch.length) return sha256(concatBytes(head, encodeCanonical(bytes)));
    scratch.set(head);
    let at = head.length;
    if (length < 0x100) {
      scratch[at++] = 0xc4;
    } else {
      scratch[at++] = 0xc5;
      scratch[at++] = length >> 8;
    }
    scratch[at++] = length & 0xff;
    scratch.set(bytes, at);
    return sha256(scratch.subarray(0, at + length));
  };
}
