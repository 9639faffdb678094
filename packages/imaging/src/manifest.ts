/** The list that an archive's promise on the ledger covers. Spec: docs/spec/file-set.md, section 2. */
import { compareBytes, utf8 } from '@radledger/primitives';
import { ImagingError } from './errors.js';

/** One instance of a study, as the ledger's content commitment sees it. */
export interface ManifestEntry {
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** SHA-256 of the data set: all bytes after group 0002, as stored; 32 bytes. */
  readonly sha256: Uint8Array;
}

/** Sorted by the bytes of the SOP Instance UID; no UID appears twice. */
export type Manifest = readonly ManifestEntry[];

/**
 * The manifest of a set of instances, in whatever order they come.
 * @throws {ImagingError} `EMPTY_STUDY` | `DUPLICATE_INSTANCE`
 */
export function createManifest(instances: Iterable<ManifestEntry>): Manifest {
  const entries = Array.from(instances, ({ sopInstanceUid, transferSyntaxUid, sha256 }) => ({
    sopInstanceUid,
    transferSyntaxUid,
    sha256,
  }));
  if (entries.length === 0) throw new ImagingError({ code: 'EMPTY_STUDY' }, 'a study has at least one instance');
  entries.sort(bySopInstanceUid);
  for (let i = 1; i < entries.length; i++) {
    if (entries[i]?.sopInstanceUid === entries[i - 1]?.sopInstanceUid) throw duplicateInstance();
  }
  return entries;
}

/** Order of instances everywhere in this package: the bytes of the SOP Instance UID. */
export function bySopInstanceUid(
  a: { readonly sopInstanceUid: string },
  b: { readonly sopInstanceUid: string },
): number {
  return compareBytes(utf8(a.sopInstanceUid), utf8(b.sopInstanceUid));
}

export function duplicateInstance(): ImagingError {
  return new ImagingError({ code: 'DUPLICATE_INSTANCE' }, 'a SOP Instance UID may appear once in a study');
}
