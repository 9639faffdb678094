/** Records that got more fields: what an earlier version of this software wrote is read on. */
import type { CanonicalValue, Schema } from '@radledger/primitives';

/**
 * @param schema - of the newest form, whose further fields stand at the end
 * @param length - fields of the newest form
 * @param defaults - what the last fields are, encoded, in a record without them
 */
export function grown<T>(schema: Schema<T>, length: number, defaults: readonly CanonicalValue[]): Schema<T> {
  return {
    encode: (value) => schema.encode(value),
    decode(value, path) {
      const isOlder = Array.isArray(value) && value.length === length - defaults.length;
      return schema.decode(isOlder ? [...(value as readonly CanonicalValue[]), ...defaults] : value, path);
    },
  };
}
