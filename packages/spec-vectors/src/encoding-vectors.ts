import { type CanonicalValue, encodeCanonical, hash, hkdfSha256, toHex, utf8 } from '@radledger/primitives';
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
  Array.from({ length: 15 }, (_, i) => i),
  Array.from({ length: 16 }, (_, i) => i),
  ['tag', fill(1), [1, fill(2)], []],
];

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
