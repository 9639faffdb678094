/** The file-set plan: everything that fixes the bytes of a served study. Spec: docs/spec/file-set.md, section 3. */
import type { InstanceHeader } from './instance-header.js';

/** One file of the file-set, in the order of the plan. */
export interface FileSetEntry extends InstanceHeader {
  /** Name in the ZIP: `IMAGES/IM000001`, then counting up. Follows from the position; not encoded. */
  readonly name: string;
  /** Size of the Part 10 file, in bytes. */
  readonly sizeBytes: number;
  readonly crc32: number;
  /** SHA-256 of the whole Part 10 file, 32 bytes. */
  readonly sha256: Uint8Array;
  /** SHA-256 of the data set (all after group 0002), 32 bytes: what the manifest holds. */
  readonly dataSetSha256: Uint8Array;
}

export interface FileSetPlan {
  readonly studyInstanceUid: string;
  /** Sorted by the bytes of the SOP Instance UID, like the manifest. */
  readonly entries: readonly FileSetEntry[];
  /** Size of the ZIP in bytes: what a Content-Length may promise. */
  readonly zipBytes: number;
  /** SHA-256 of the ZIP, 32 bytes. */
  readonly zipSha256: Uint8Array;
}
