/** What the bytes of every cell share: the number of its format in front, and a coded error for anything else. */
import { type CanonicalValue, type Infer, PrimitivesError, type Schema, struct, uint } from '@radledger/primitives';
import { decodeFormat } from './decoding.js';
import { ChainError } from './errors.js';

const CELL_FORMAT = 1;
/** Longest cell of one record; cells that list many sources have limits of their own. */
export const CELL_BYTES_MAX = 65_536;

/** Milli-studies: a bigint in the API, an integer below 2^53 in the bytes. */
export const stakeAmount: Schema<bigint> = {
  encode: (value) => uint().encode(Number(value)),
  decode: (value, path = '') => BigInt(uint().decode(value, path)),
};

export function decodeCell<T>(
  format: string,
  schema: Schema<T>,
  encoded: Uint8Array,
  bytesMax: number = CELL_BYTES_MAX,
): T {
  try {
    return decodeFormat(format, schema, encoded, { bytesMax, depthMax: 6 });
  } catch (cause) {
    if (cause instanceof ChainError) throw cause;
    throw new ChainError({ code: 'MALFORMED', format }, `expected a canonical ${format}`, { cause });
  }
}

/** A struct with the number of its format in front. */
export function versioned<const F extends Parameters<typeof struct>[0]>(
  fields: F,
): Schema<Infer<ReturnType<typeof struct<F>>>> {
  const inner = struct<F>(fields);
  return {
    encode: (value) => [CELL_FORMAT, ...(inner.encode(value) as readonly CanonicalValue[])],
    decode(value, path = '') {
      if (!Array.isArray(value) || value[0] !== CELL_FORMAT) {
        throw new PrimitivesError({ code: 'SCHEMA_MISMATCH', path }, `expected cell format ${CELL_FORMAT}`);
      }
      return inner.decode((value as readonly CanonicalValue[]).slice(1), path);
    },
  };
}
