/** Changes an input a little, as a hostile or broken sender might. */
import { concatBytes, utf8 } from '@radledger/primitives';
import type { Random } from './random.js';

const INPUT_BYTES_MAX = 64 * 1024;
const NUMBERS = [
  0,
  1,
  2,
  7,
  8,
  127,
  128,
  255,
  256,
  32_767,
  65_535,
  65_536,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 2,
  2 ** 32 - 1,
];

export interface Vocabulary {
  readonly random: Random;
  readonly corpus: readonly Uint8Array[];
  /** Words of the format. */
  readonly words: readonly string[];
}

type Mutation = (input: Uint8Array, vocabulary: Vocabulary) => Uint8Array;

/** One to four changes, one after the other. */
export function mutate(input: Uint8Array, vocabulary: Vocabulary): Uint8Array {
  let changed = input;
  for (let left = 1 + vocabulary.random.below(4); left > 0; left--) {
    changed = vocabulary.random.of(MUTATIONS)(changed, vocabulary);
  }
  return changed.slice(0, INPUT_BYTES_MAX);
}

const MUTATIONS: readonly Mutation[] = [
  // A bit, a byte, a number in either order.
  (input, { random }) => overwritten(input, random.below(input.length + 1), (byte) => byte ^ (1 << random.below(8))),
  (input, { random }) => overwritten(input, random.below(input.length + 1), () => random.below(256)),
  (input, { random }) => written(input, random.below(input.length + 1), numberBytes(random)),
  // A piece less, twice, elsewhere, or of another input.
  (input, { random }) => {
    const [start, end] = piece(input, random);
    return concatBytes(input.subarray(0, start), input.subarray(end));
  },
  (input, { random }) => {
    const [start, end] = piece(input, random);
    return concatBytes(input.subarray(0, end), input.subarray(start));
  },
  (input, { random, corpus }) => {
    const other = random.of(corpus);
    const [start, end] = piece(other, random);
    return inserted(input, random.below(input.length + 1), other.subarray(start, end));
  },
  (input, { random, corpus }) => {
    const other = random.of(corpus);
    return concatBytes(
      input.subarray(0, random.below(input.length + 1)),
      other.subarray(random.below(other.length + 1)),
    );
  },
  // A word of the format, put in or written over.
  (input, { random, words }) => inserted(input, random.below(input.length + 1), utf8(random.of(words))),
  (input, { random, words }) => written(input, random.below(input.length + 1), utf8(random.of(words))),
  // The end is missing, or one byte comes very often.
  (input, { random }) => input.slice(0, random.below(input.length + 1)),
  (input, { random }) =>
    inserted(input, random.below(input.length + 1), new Uint8Array(1 + random.below(4096)).fill(random.below(256))),
];

function overwritten(input: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  const copy = input.slice();
  if (at < copy.length) copy[at] = change(copy[at] ?? 0);
  return copy;
}

function written(input: Uint8Array, at: number, bytes: Uint8Array): Uint8Array {
  return concatBytes(input.subarray(0, at), bytes, input.subarray(at + bytes.length));
}

function inserted(input: Uint8Array, at: number, bytes: Uint8Array): Uint8Array {
  return concatBytes(input.subarray(0, at), bytes, input.subarray(at));
}

function piece(input: Uint8Array, random: Random): readonly [start: number, end: number] {
  const start = random.below(input.length + 1);
  return [start, start + random.below(Math.min(input.length - start, 256) + 1)];
}

function numberBytes(random: Random): Uint8Array {
  const bytes = new Uint8Array(random.of([2, 4]));
  const view = new DataView(bytes.buffer);
  const number = random.of(NUMBERS);
  const isLittle = random.below(2) === 0;
  if (bytes.length === 2) view.setUint16(0, number & 0xffff, isLittle);
  else view.setUint32(0, number, isLittle);
  return bytes;
}
