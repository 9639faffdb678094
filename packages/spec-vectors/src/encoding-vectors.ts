import {
  type CanonicalValue,
  decodeCanonical,
  encodeCanonical,
  fromHex,
  hash,
  hkdfSha256,
  PrimitivesError,
  toHex,
  utf8,
} from '@radledger/primitives';
import { canonicalAsJson, fill, type VectorFile } from './vector-file.js';

const VALUES: readonly CanonicalValue[] = [
  0,
  127,
  128,
  255,
  256,
  65_535,
  65_536,
  2 ** 32 - 1,
  2 ** 32,
  1_700_000_000_000,
  2 ** 53 - 1,
  '',
  'radledger/tx/1',
  'Zürich 放射線',
  'a'.repeat(31),
  'a'.repeat(32),
  'a'.repeat(256),
  new Uint8Array(),
  fill(7),
  fill(8, 255),
  fill(9, 256),
  [],
  [1, [2, [3, []]]],
  Array.from({ length: 14 }).reduce<CanonicalValue>((inner) => [inner], []),
  Array.from({ length: 15 }, (_, i) => i),
  Array.from({ length: 16 }, (_, i) => i),
  ['tag', fill(1), [1, fill(2)], []],
];

/** MessagePack that is not the one form of a value: a reader that lets any of it pass gives one record two ids. */
const REFUSED: readonly (readonly [name: string, hex: string])[] = [
  ['nothing', ''],
  ['two values', '0101'],
  ['nil', 'c0'],
  ['a boolean', 'c3'],
  ['a negative integer', 'ff'],
  ['an int8', 'd07f'],
  ['an int64', 'd30000000100000000'],
  ['a float', 'cb4000000000000000'],
  ['a map', '80'],
  ['an extension', 'd40100'],
  ['127 in two bytes', 'cc7f'],
  ['255 in three bytes', 'cd00ff'],
  ['65535 in five bytes', 'ce0000ffff'],
  ['2^32 - 1 in nine bytes', 'cf00000000ffffffff'],
  ['2^53', 'cf0020000000000000'],
  ['short text in the long form', 'd90161'],
  ['text of 31 bytes in the long form', `d91f${'61'.repeat(31)}`],
  ['text of 255 bytes with two bytes of length', `da00ff${'61'.repeat(255)}`],
  ['bytes with two bytes of length', 'c5000101'],
  ['an empty array in the long form', 'dc0000'],
  ['an array of 15 in the long form', `dc000f${'00'.repeat(15)}`],
  ['text that is not UTF-8', 'a1ff'],
  ['text with an encoded surrogate', 'a3eda080'],
  ['text with an over-long slash', 'a2c0af'],
  ['text that ends too early', 'a261'],
  ['bytes that end too early', 'c40201'],
  ['an array that ends too early', '9201'],
  ['an array of 2^32 - 1 items', 'ddffffffff'],
  ['17 levels', `${'91'.repeat(16)}90`],
];

function verdictOn(hex: string): 'accepted' | 'refused' {
  try {
    decodeCanonical(fromHex(hex), { bytesMax: 1_000 });
    return 'accepted';
  } catch (error) {
    if (error instanceof PrimitivesError) return 'refused';
    throw error;
  }
}

export function encodingVectors(): VectorFile[] {
  return [
    {
      name: 'canonical',
      spec: 'canonical-encoding.md',
      cases: VALUES.map((value, index) => ({
        name: `value ${index}`,
        input: canonicalAsJson(value),
        output: toHex(encodeCanonical(value)),
      })),
    },
    {
      name: 'canonical-refused',
      spec: 'canonical-encoding.md',
      cases: REFUSED.map(([name, bytes]) => ({ name, input: bytes, output: verdictOn(bytes) })),
    },
    {
      name: 'hash',
      spec: 'signatures.md',
      cases: [
        ...VALUES.map((value, index) => ({
          name: `H over value ${index}`,
          input: { tag: 'radledger/vector/1', parts: [canonicalAsJson(value)] },
          output: toHex(hash('radledger/vector/1', value)),
        })),
        ...[16, 32, 80].map((length) => ({
          name: `HKDF of ${length} bytes`,
          input: { secret: toHex(utf8('a study secret of 32 bytes......')), label: 'radledger/label/1', length },
          output: toHex(hkdfSha256(utf8('a study secret of 32 bytes......'), 'radledger/label/1', length)),
        })),
      ],
    },
  ];
}
