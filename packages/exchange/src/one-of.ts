import { PrimitivesError, type Schema, text } from '@radledger/primitives';

/** A text out of a closed list: how records write their states. */
export function oneOf<const T extends string>(allowed: readonly T[]): Schema<T> {
  const inner = text({ max: 32 });
  return {
    encode: (value) => inner.encode(value),
    decode(value, path = '') {
      const decoded = inner.decode(value, path);
      const found = allowed.find((entry) => entry === decoded);
      if (found !== undefined) return found;
      throw new PrimitivesError({ code: 'SCHEMA_MISMATCH', path }, `expected one of ${allowed.join(', ')}`);
    },
  };
}
