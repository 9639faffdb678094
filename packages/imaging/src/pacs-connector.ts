/** What Radledger needs from an archive. The suite that proves an implementation is `@radledger/imaging/conformance`. */
import type { Accession } from './accession.js';
import type { QuarantinedStudy } from './quarantined-study.js';

/**
 * Swap-in point: where studies come from and where they are filed. Every implementation must
 * - hand out the bytes as stored: a Part 10 file per instance, never transcoded, never re-serialised;
 * - show a study whole or not at all: what cannot be read, or is there twice, is an error, not an omission;
 * - keep patient data out of errors;
 * - free everything when a snapshot is closed or an iteration is left early.
 * Order of studies and instances, caching and speed are not part of the contract.
 */
export interface PacsConnector {
  /**
   * How many instances may be read at a time by readers who may be slow, at least 1, so that something is left for listing and
   * publishing. Absent where readers do not stand in each other's way, as with a folder.
   */
  readonly readsMax?: number;
  /** The studies that can be opened now. A study that is broken is listed too: opening it says why. */
  listStudies(): AsyncIterable<StudySummary>;
  /** Whether a study can be opened now, for an archive that knows it without listing all. */
  hasStudy?(studyInstanceUid: string): Promise<boolean>;
  /**
   * Fixes which instances a study has. Called once per publish, amend or serve.
   * @throws {ImagingError} `STUDY_NOT_FOUND` | `MIXED_STUDIES` | `DUPLICATE_INSTANCE` | `UNREADABLE_INSTANCE`
   */
  openStudy(studyInstanceUid: string): Promise<StudySnapshot>;
  /** Files a checked study, whole or not at all. Absent when the archive is only read. */
  fileStudy?(study: QuarantinedStudy): Promise<FiledStudy>;
}

export interface StudySummary {
  readonly studyInstanceUid: string;
  /** Number of instances, as far as the archive knows without opening the study. */
  readonly instances: number;
  /** The order that it was made for, where the archive tells it. */
  readonly accession?: Accession;
}

/** The instances of one study at one moment. */
export interface StudySnapshot {
  readonly studyInstanceUid: string;
  readonly instances: readonly SnapshotInstance[];
  /** Frees what the snapshot holds; may be called twice. Instances cannot be opened afterwards. */
  close(): Promise<void>;
}

export interface SnapshotInstance {
  readonly sopInstanceUid: string;
  /**
   * The Part 10 file as stored; may be called again, and gives the same bytes each time. Each chunk is a buffer of its
   * own, never written to again.
   * @throws {ImagingError} `INSTANCE_CHANGED` when the archive no longer has what the snapshot saw
   */
  open(): AsyncIterable<Uint8Array>;
}

/** Where a study went. */
export interface FiledStudy {
  /** What the archive calls the place: for a folder its absolute path. */
  readonly location: string;
  /** False when the archive held exactly this study already and nothing was written. */
  readonly written: boolean;
}
