/** How large a part of the tree a reader asks for, so that the node learns little and sends little. Spec: docs/spec/light-client.md, section 5. */

/** Longest prefix that a node answers, in hex digits. */
export const PREFIX_LENGTH_MAX = 8;

/** A part holds 2^5 to 2^9 cells or so: few enough to send, enough to hide one among. */
const CELLS_BITS_MIN = 5;

/** @param depth - bits on the way to some cell: about the logarithm of the number of cells */
export function bucketDigitsFor(depth: number): number {
  return Math.min(PREFIX_LENGTH_MAX, Math.max(0, Math.floor((depth - CELLS_BITS_MIN) / 4)));
}
