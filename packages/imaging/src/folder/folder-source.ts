import { resolve } from 'node:path';
import { ImagingError } from '../errors.js';
import { DEFAULT_INSTANCE_LIMITS, type InstanceLimits } from '../limits.js';
import { bySopInstanceUid, duplicateInstance } from '../manifest.js';
import type { PacsConnector, StudySnapshot, StudySummary } from '../pacs-connector.js';
import { type FolderScan, type ScanLimits, type ScannedInstance, scanFolder, unreadableWithin } from './folder-scan.js';
import { readUnchanged } from './stored-file.js';

export interface FolderSourceOptions {
  /** Read recursively. Hidden names and links are passed over. */
  readonly folder: string;
  /** The folder is one study by intent: a second StudyInstanceUID in it is `MIXED_STUDIES`, not a second study. */
  readonly isOneStudy?: boolean;
  readonly limits?: Partial<InstanceLimits> & {
    /** Most files and folders looked at; default 1,000,000. */
    readonly filesMax?: number;
    /** Deepest nesting of folders; default 16. */
    readonly depthMax?: number;
  };
  /**
   * Told of each file that is DICOM by name or prefix and cannot be read. Paths in archives hold names of patients: for
   * the operator's screen, never for a log that leaves the house.
   */
  readonly onUnreadable?: (problem: { readonly path: string; readonly code: string }) => void;
}

/**
 * A folder of Part 10 files as an archive. Every call reads the folder anew; nothing is cached.
 *
 * `openStudy` refuses a study that it cannot show whole: a DICOM file that does not tell its study, lying where this
 * study's files lie, is `UNREADABLE_INSTANCE`; a SOP Instance UID that stands in two files is `DUPLICATE_INSTANCE`, even
 * if they are equal; a series whose files name two studies is `MIXED_STUDIES`. Files that broke off after their header
 * are found when the study is planned (`TRUNCATED_INSTANCE`).
 * @throws {ImagingError} from its methods, also `FOLDER_UNUSABLE` | `TOO_MANY_INSTANCES`
 */
export function createFolderSource(options: FolderSourceOptions): PacsConnector {
  const folder = resolve(options.folder);
  const limits: ScanLimits = { filesMax: 1_000_000, depthMax: 16, ...DEFAULT_INSTANCE_LIMITS, ...options.limits };
  const scan = async (): Promise<FolderScan> => {
    const found = await scanFolder(folder, limits);
    for (const problem of found.unreadable) options.onUnreadable?.(problem);
    return found;
  };
  return {
    async *listStudies(): AsyncGenerator<StudySummary> {
      for (const [studyInstanceUid, instances] of (await scan()).studies) {
        const { accession } = instances.find(({ accession: known }) => known !== undefined) ?? {};
        yield { studyInstanceUid, instances: instances.length, ...(accession && { accession }) };
      }
    },
    async openStudy(studyInstanceUid) {
      const found = await scan();
      const instances = found.studies.get(studyInstanceUid);
      if (instances === undefined) throw new ImagingError({ code: 'STUDY_NOT_FOUND' }, 'the folder has no such study');
      if (options.isOneStudy && found.studies.size > 1) throw mixedStudies();
      requireWhole(found, instances);
      return snapshotOf(studyInstanceUid, instances);
    },
  };
}

function requireWhole(scan: FolderScan, instances: readonly ScannedInstance[]): void {
  const unreadable = unreadableWithin(scan, instances);
  const [first] = unreadable;
  if (first !== undefined) {
    throw new ImagingError(
      { code: 'UNREADABLE_INSTANCE', count: unreadable.length, firstCode: first.code },
      'DICOM files beside this study do not tell their study; repair them or take them out of its folder',
    );
  }
  if (new Set(instances.map(({ sopInstanceUid }) => sopInstanceUid)).size < instances.length) throw duplicateInstance();
  const series = new Set(instances.map(({ seriesInstanceUid }) => seriesInstanceUid));
  const sopInstances = new Set(instances.map(({ sopInstanceUid }) => sopInstanceUid));
  for (const others of scan.studies.values()) {
    if (others === instances) continue;
    for (const other of others) {
      if (series.has(other.seriesInstanceUid) || sopInstances.has(other.sopInstanceUid)) throw mixedStudies();
    }
  }
}

function snapshotOf(studyInstanceUid: string, scanned: readonly ScannedInstance[]): StudySnapshot {
  let isClosed = false;
  const instances = scanned.toSorted(bySopInstanceUid).map(({ sopInstanceUid, path, state }, index) => ({
    sopInstanceUid,
    open() {
      if (isClosed) throw new ImagingError({ code: 'INSTANCE_CHANGED', index }, 'the snapshot is closed');
      return readUnchanged(path, state, index);
    },
  }));
  return {
    studyInstanceUid,
    instances,
    async close() {
      isClosed = true;
    },
  };
}

function mixedStudies(): ImagingError {
  return new ImagingError({ code: 'MIXED_STUDIES' }, 'files of this study and of another are mixed up in the folder');
}
