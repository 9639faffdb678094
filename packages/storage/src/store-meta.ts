/** The one entry that says what a database is and how far it goes. Spec: docs/spec/storage.md, section 3. */
import {
  bytes,
  type CanonicalValue,
  decodeCanonical,
  encodeWith,
  equalBytes,
  literal,
  PrimitivesError,
  struct,
  toHex,
  uint,
} from '@radledger/primitives';
import { StorageError } from './errors.js';

const STORE_TAG = 'radledger/store';
const STORE_FORMAT = 1;
const META_BYTES_MAX = 256;

const metaSchema = struct({
  tag: literal(STORE_TAG),
  format: literal(STORE_FORMAT),
  chainId: bytes({ length: 32 }),
  tipHeight: uint(),
  tipId: bytes({ length: 32 }),
});

export interface StoreMeta {
  readonly chainId: Uint8Array;
  readonly tipHeight: number;
  readonly tipId: Uint8Array;
}

export function encodeMeta(meta: StoreMeta): Uint8Array {
  return encodeWith(metaSchema, { tag: STORE_TAG, format: STORE_FORMAT, ...meta });
}

/**
 * @param chainId - the chain that the database must be of
 * @throws {StorageError} `FOREIGN_DATABASE` | `NEWER_FORMAT` | `FOREIGN_CHAIN` | `DATABASE_CORRUPT`
 */
export function decodeMeta(encoded: Uint8Array, chainId: Uint8Array): StoreMeta {
  const fields = fieldsOf(encoded);
  // Tag and format stay in front in every format, so that an older node can tell a newer database from a broken one.
  const [tag, format] = fields;
  if (tag !== STORE_TAG) {
    throw new StorageError({ code: 'FOREIGN_DATABASE' }, 'this folder holds something else: choose another one');
  }
  if (typeof format === 'number' && format > STORE_FORMAT) {
    const info = { code: 'NEWER_FORMAT', format, supported: STORE_FORMAT } as const;
    throw new StorageError(info, 'a newer release wrote this database: run that one, or choose an empty folder');
  }
  let meta: StoreMeta;
  try {
    meta = metaSchema.decode(fields);
  } catch (cause) {
    throw corruptDatabase('meta', cause);
  }
  if (!equalBytes(meta.chainId, chainId)) {
    const info = { code: 'FOREIGN_CHAIN', expected: toHex(chainId), found: toHex(meta.chainId) } as const;
    throw new StorageError(info, 'this database is of another genesis: choose its genesis, or an empty folder');
  }
  return meta;
}

function fieldsOf(encoded: Uint8Array): readonly CanonicalValue[] {
  try {
    const value = decodeCanonical(encoded, { bytesMax: META_BYTES_MAX });
    if (Array.isArray(value)) return value as readonly CanonicalValue[];
  } catch (cause) {
    if (!(cause instanceof PrimitivesError)) throw cause;
    throw corruptDatabase('meta', cause);
  }
  throw new StorageError({ code: 'FOREIGN_DATABASE' }, 'this folder holds something else: choose another one');
}

/** What to tell who runs a node on a database that does not hold together. */
export function corruptDatabase(what: string, cause?: unknown): StorageError {
  const message = `the database is damaged (${what}) and was left as it is: restore a copy, or start with an empty folder and let the node fetch the chain from its peers`;
  return new StorageError({ code: 'DATABASE_CORRUPT', what }, message, { cause });
}
