import { expect, test } from 'vitest';
import {
  algorithmBytes,
  bytes,
  decodeWith,
  encodeWith,
  flag,
  type Infer,
  list,
  literal,
  optional,
  type Schema,
  struct,
  text,
  toHex,
  tuple,
  uint,
} from '../src/index.js';

const record = struct({
  tag: literal('radledger/test/1'),
  count: uint(300),
  key: algorithmBytes(32),
  label: optional(text({ max: 4 })),
  live: flag,
  pairs: list(tuple(uint(), bytes({ max: 2 })), { max: 2, min: 1 }),
});
const sample: Infer<typeof record> = {
  tag: 'radledger/test/1',
  count: 300,
  key: new Uint8Array(32).fill(7),
  label: 'é!',
  live: true,
  pairs: [[1, Uint8Array.of(9)]],
};

test('a struct is a positional array in the order of its fields', () => {
  const encoded = encodeWith(record, sample);
  expect(toHex(encoded)).toBe(
    `96b07261646c65646765722f746573742f31cd012c9201c420${'07'.repeat(32)}91a3c3a921019192${'01'}c40109`,
  );
  expect(decodeWith(record, encoded, { bytesMax: 200 })).toEqual(sample);
});

test('an absent optional is an empty array', () => {
  const schema = optional(uint());
  expect(toHex(encodeWith(schema, undefined))).toBe('90');
  expect(decodeWith(schema, Uint8Array.of(0x90), { bytesMax: 1 })).toBeUndefined();
});

test.each<[string, Schema<never> | Schema<unknown>, unknown]>([
  ['an integer over its maximum', uint(9), 10],
  ['bytes of another length', bytes({ length: 32 }), new Uint8Array(31)],
  ['text over its bytes', text({ max: 3 }), 'éé'],
  ['another literal', literal('a'), 'b'],
  ['a flag of 2', flag, 2],
  ['an optional of two', optional(uint()), [1, 2]],
  ['too few items', list(uint(), { max: 3, min: 1 }), []],
  ['too many items', list(uint(), { max: 1 }), [1, 2]],
  ['a tuple of another length', tuple(uint()), [1, 2]],
  ['a struct of another length', struct({ a: uint() }), []],
  ['an unknown algorithm', algorithmBytes(1), [2, Uint8Array.of(1)]],
])('refuses %s', (_name, schema, value) => {
  expect(() => schema.decode(value as never)).toThrow(expect.objectContaining({ code: 'SCHEMA_MISMATCH' }));
});

test('a mismatch names the field', () => {
  const value = record.encode(sample) as unknown[];
  value[5] = [[1, Uint8Array.of(9, 9, 9)]];
  expect(() => record.decode(value as never)).toThrow(
    expect.objectContaining({ info: { code: 'SCHEMA_MISMATCH', path: 'pairs[0][1]' } }),
  );
});
