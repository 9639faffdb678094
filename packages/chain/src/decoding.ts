/** One way from hostile bytes to a checked value: limits first, then schema, then a coded error that names the format. */
import { decodeWith, PrimitivesError, type Schema } from '@radledger/primitives';
import { ChainError } from './errors.js';

export function decodeFormat<T>(
  format: string,
  schema: Schema<T>,
  encoded: Uint8Array,
  limits: { readonly bytesMax: number; readonly depthMax: number },
): T {
  try {
    return decodeWith(schema, encoded, limits);
  } catch (cause) {
    if (!(cause instanceof PrimitivesError)) throw cause;
    if (cause.info.code === 'TOO_LARGE') {
      const { bytes, bytesMax } = cause.info;
      throw new ChainError({ code: 'TOO_LARGE', bytes, bytesMax }, `expected a ${format} of at most ${bytesMax} bytes`);
    }
    const path = cause.info.code === 'SCHEMA_MISMATCH' ? cause.info.path : undefined;
    const info =
      path === undefined ? ({ code: 'MALFORMED', format } as const) : ({ code: 'MALFORMED', format, path } as const);
    throw new ChainError(info, `expected a canonical ${format}`, { cause });
  }
}
