/**
 * The 128 bytes before `DICM` may hold anything, also the head of a program: a file that is both an image and an
 * executable (CVE-2019-11687). They are outside the data set and its hash. Spec: docs/spec/file-set.md, section 6.2.
 */
import { concatBytes } from '@radledger/primitives';

export const PREAMBLE_BYTES = 128;
/** Little and big endian, TIFF and BigTIFF. */
const TIFF_HEADS: readonly (readonly number[])[] = [
  [0x49, 0x49, 0x2a, 0x00],
  [0x4d, 0x4d, 0x00, 0x2a],
  [0x49, 0x49, 0x2b, 0x00],
  [0x4d, 0x4d, 0x00, 0x2b],
];

export function isTiffPreamble(head: Uint8Array): boolean {
  return TIFF_HEADS.some((bytes) => bytes.every((byte, i) => head[i] === byte));
}

/** A Part 10 file with zeros for a preamble. Each chunk is a buffer of its own where it differs from what came in. */
export async function* withoutPreamble(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  let offset = 0;
  for await (const chunk of file) {
    const inPreamble = Math.min(PREAMBLE_BYTES - offset, chunk.length);
    yield inPreamble > 0 ? concatBytes(new Uint8Array(inPreamble), chunk.subarray(inPreamble)) : chunk;
    offset += chunk.length;
  }
}
