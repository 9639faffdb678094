/** The content of a study as a list of instance hashes, and its commitment (D7). Spec: docs/spec/transactions.md, section 8. */
import {
  bytes,
  decodeCanonical,
  encodeCanonical,
  hash,
  list,
  PrimitivesError,
  struct,
  text,
} from '@radledger/primitives';
import { validateUid } from './dicom-uid.js';
import { TransactionError } from './errors.js';

/** One instance, hashed as stored. */
export interface ManifestEntry {
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** SHA-256 of all bytes of the Part 10 file that follow group 0002. */
  readonly sha256: Uint8Array;
}

/** All instances of a study, sorted bytewise by SOP Instance UID, each UID once. */
export type Manifest = readonly ManifestEntry[];

/** Most instances of one study. */
export const MANIFEST_INSTANCES_MAX = 100_000;
const ENTRY_BYTES_MAX = 1 + 2 + 64 + 2 + 64 + 2 + 32;

const entrySchema = struct({
  sopInstanceUid: text({ max: 64 }),
  transferSyntaxUid: text({ max: 64 }),
  sha256: bytes({ length: 32 }),
});
const manifestSchema = list(entrySchema, { max: MANIFEST_INSTANCES_MAX });

/**
 * Sorts entries into a manifest.
 * @throws {TransactionError} `UID_INVALID` | `INSTANCE_HASH_INVALID` | `MANIFEST_EMPTY` | `MANIFEST_TOO_LARGE` | `DUPLICATE_INSTANCE`
 */
export function createManifest(entries: readonly ManifestEntry[]): Manifest {
  const sorted = entries
    .map(({ sopInstanceUid, transferSyntaxUid, sha256 }) => ({ sopInstanceUid, transferSyntaxUid, sha256 }))
    .sort((a, b) => compareUids(a.sopInstanceUid, b.sopInstanceUid));
  validateManifest(sorted);
  return sorted;
}

/** Canonical bytes of a manifest. @throws {TransactionError} as `createManifest`, and `MANIFEST_NOT_SORTED` */
export function encodeManifest(manifest: Manifest): Uint8Array {
  validateManifest(manifest);
  return encodeCanonical(manifestSchema.encode(manifest));
}

/**
 * Reads the canonical bytes of a manifest.
 * @throws {TransactionError} `MALFORMED`, and as `encodeManifest`
 */
export function decodeManifest(encoded: Uint8Array): Manifest {
  let manifest: Manifest;
  try {
    const bytesMax = 5 + MANIFEST_INSTANCES_MAX * ENTRY_BYTES_MAX;
    manifest = manifestSchema.decode(decodeCanonical(encoded, { bytesMax, depthMax: 2 }), 'manifest');
  } catch (cause) {
    if (!(cause instanceof PrimitivesError)) throw cause;
    throw new TransactionError({ code: 'MALFORMED', path: 'manifest' }, 'expected a canonical manifest', { cause });
  }
  validateManifest(manifest);
  return manifest;
}

/** The content commitment that stands in Define Study and Amend Study, and is the version of the document on the wire. */
export function contentOf(input: { contentSalt: Uint8Array; manifest: Manifest }): Uint8Array {
  validateManifest(input.manifest);
  return hash('radledger/content/1', input.contentSalt, manifestSchema.encode(input.manifest));
}

function validateManifest(manifest: Manifest): void {
  if (manifest.length === 0) throw new TransactionError({ code: 'MANIFEST_EMPTY' }, 'expected at least one instance');
  if (manifest.length > MANIFEST_INSTANCES_MAX) {
    throw new TransactionError(
      { code: 'MANIFEST_TOO_LARGE', instances: manifest.length, instancesMax: MANIFEST_INSTANCES_MAX },
      `expected at most ${MANIFEST_INSTANCES_MAX} instances`,
    );
  }
  let previous: string | undefined;
  for (const entry of manifest) {
    validateUid(entry.sopInstanceUid);
    validateUid(entry.transferSyntaxUid);
    if (entry.sha256.length !== 32) {
      throw new TransactionError({ code: 'INSTANCE_HASH_INVALID' }, 'expected a hash of 32 bytes');
    }
    if (previous === entry.sopInstanceUid) {
      throw new TransactionError({ code: 'DUPLICATE_INSTANCE' }, 'expected each SOP Instance UID once');
    }
    if (previous !== undefined && compareUids(previous, entry.sopInstanceUid) > 0) {
      throw new TransactionError({ code: 'MANIFEST_NOT_SORTED' }, 'expected instances sorted by SOP Instance UID');
    }
    previous = entry.sopInstanceUid;
  }
}

/** UIDs are ASCII, so comparing code units compares bytes. */
function compareUids(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
