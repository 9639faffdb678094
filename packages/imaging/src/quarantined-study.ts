import type { InstanceHeader } from './instance-header.js';
import type { PatientChange } from './local-patient.js';
import type { Manifest } from './manifest.js';
import type { FiledStudy } from './pacs-connector.js';
import type { StudyDescription } from './study-description.js';

/** A received study that was checked whole and waits, away from any archive, for the word to file or discard it. */
export interface QuarantinedStudy {
  readonly studyInstanceUid: string;
  readonly manifest: Manifest;
  /** In the order of the manifest. */
  readonly instances: readonly QuarantinedInstance[];
  /** Who and what the instances name, for a person who is to say whose they are; read in a worker. */
  describe(signal?: AbortSignal): Promise<StudyDescription>;
  /**
   * The study under the recipient's own patient: each instance is written anew and keeps the sender's patient in its Original
   * Attributes Sequence; `manifest` stays what was sent. This one is closed then. On any error it stays as it was.
   * @throws {ImagingError} `LOCAL_PATIENT_REFUSED` | `MALFORMED_DATA_SET` | `QUARANTINE_CHANGED` | `QUARANTINE_CLOSED` |
   *   `INSPECTION_ABORTED`; the reason of `signal`
   */
  underPatient(change: PatientChange, signal?: AbortSignal): Promise<QuarantinedStudy>;
  /**
   * Moves the study to a folder of the caller's, where it outlives this process; this one is closed then.
   * @param folder - absent, on the file system of the quarantine, in a folder that is there
   * @returns what `reopenStudy` needs: SHA-256 of what was noted beside the study
   * @throws {ImagingError} `FOLDER_UNUSABLE` | `QUARANTINE_CLOSED`
   */
  setAside(folder: string): Promise<Uint8Array>;
  /**
   * Hands the study to an archive, then erases the quarantine. When the archive refuses, the quarantine stays.
   * @throws what the sink throws; {ImagingError} `QUARANTINE_CLOSED`
   */
  file(sink: StudySink): Promise<FiledStudy>;
  /** Erases the quarantine; may be called twice. */
  discard(): Promise<void>;
}

export interface QuarantinedInstance extends InstanceHeader {
  /** Size of the whole Part 10 file. */
  readonly sizeBytes: number;
  /** SHA-256 of the whole Part 10 file as `open` gives it, 32 bytes. */
  readonly sha256: Uint8Array;
  /**
   * The Part 10 file byte for byte as received, but for a preamble that the policy does not let pass: zeros stand for it.
   * Ends with an error when the quarantine no longer holds what was checked.
   * @throws {ImagingError} `QUARANTINE_CHANGED` | `QUARANTINE_CLOSED`
   */
  open(): AsyncIterable<Uint8Array>;
}

/** The filing half of a PACS connector. */
export interface StudySink {
  fileStudy(study: QuarantinedStudy): Promise<FiledStudy>;
}
