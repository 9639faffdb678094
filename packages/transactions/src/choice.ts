import { type CanonicalValue, PrimitivesError, type Schema } from '@radledger/primitives';

/**
 * One of a fixed set of names, written as its number.
 * @param refuse - makes the error for a number outside of the set
 */
export function choice<K extends string>(
  numbers: Readonly<Record<K, number>>,
  refuse: (value: number) => Error,
): Schema<K> {
  const names = new Map<number, K>((Object.keys(numbers) as K[]).map((name) => [numbers[name], name]));
  return {
    encode: (name) => numbers[name],
    decode(value: CanonicalValue, path = '') {
      if (typeof value !== 'number') {
        throw new PrimitivesError({ code: 'SCHEMA_MISMATCH', path }, `expected a number at ${path}`);
      }
      const name = names.get(value);
      if (name === undefined) throw refuse(value);
      return name;
    },
  };
}
