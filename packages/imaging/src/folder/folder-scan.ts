/** Reads a folder of DICOM files into studies. What counts as a file of a study: docs/spec/file-set.md, section 5. */
import { readdir } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { ImagingError } from '../errors.js';
import { hasPart10Prefix } from '../file-meta.js';
import { inspectHead, type InstanceHead } from '../instance-inspector.js';
import type { InstanceLimits } from '../limits.js';
import { type FileState, openStoredFile, readChunks } from './stored-file.js';

export interface ScannedInstance extends InstanceHead {
  readonly path: string;
  readonly state: FileState;
}

/** A file that is DICOM by prefix or by name, and does not say which study it belongs to. */
export interface UnreadableFile {
  readonly path: string;
  readonly code: string;
}

export interface FolderScan {
  readonly studies: ReadonlyMap<string, readonly ScannedInstance[]>;
  readonly unreadable: readonly UnreadableFile[];
  /** Files that are not DICOM, and DICOMDIR files. */
  readonly ignored: number;
}

export interface ScanLimits extends InstanceLimits {
  /** Most files and folders looked at. */
  readonly filesMax: number;
  /** Deepest nesting of folders. */
  readonly depthMax: number;
}

/** @throws {ImagingError} `FOLDER_UNUSABLE` | `TOO_MANY_INSTANCES` */
export async function scanFolder(folder: string, limits: ScanLimits): Promise<FolderScan> {
  const studies = new Map<string, ScannedInstance[]>();
  const unreadable: UnreadableFile[] = [];
  let ignored = 0;
  for await (const path of filesOf(folder, limits)) {
    const verdict = await readFileHead(path, limits);
    if (verdict === 'ignored') ignored++;
    else if ('code' in verdict) unreadable.push(verdict);
    else {
      const study = studies.get(verdict.studyInstanceUid);
      if (study === undefined) studies.set(verdict.studyInstanceUid, [verdict]);
      else study.push(verdict);
    }
  }
  return { studies, unreadable, ignored };
}

/** The unreadable files that may belong to a study: those in the deepest folder that holds all of it, or below. */
export function unreadableWithin(scan: FolderScan, instances: readonly ScannedInstance[]): readonly UnreadableFile[] {
  const root = commonFolder(instances.map(({ path }) => dirname(path)));
  return scan.unreadable.filter(({ path }) => path.startsWith(root + sep));
}

async function* filesOf(folder: string, limits: ScanLimits, depth = 0, seen = { files: 0 }): AsyncGenerator<string> {
  const found = await readdir(folder, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new ImagingError(
      { code: 'FOLDER_UNUSABLE', systemCode: cause.code ?? 'unknown' },
      'expected a readable folder',
    );
  });
  for (const entry of found.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (++seen.files > limits.filesMax) {
      const info = { code: 'TOO_MANY_INSTANCES', instancesMax: limits.filesMax } as const;
      throw new ImagingError(info, `expected at most ${limits.filesMax} files in the folder`);
    }
    // Hidden: what a sink or a copying tool is still writing. Links could lead out of the folder: never followed.
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isFile()) yield path;
    else if (entry.isDirectory() && depth < limits.depthMax) yield* filesOf(path, limits, depth + 1, seen);
  }
}

async function readFileHead(path: string, limits: ScanLimits): Promise<ScannedInstance | UnreadableFile | 'ignored'> {
  let head = new Uint8Array(0);
  try {
    const opened = await openStoredFile(path);
    if (opened === undefined) return 'ignored';
    const { handle, state } = opened;
    try {
      const probe = await handle.read(new Uint8Array(132), 0, 132, 0);
      head = probe.buffer.subarray(0, probe.bytesRead);
      if (!hasPart10Prefix(head) && !isNamedDicom(path)) return 'ignored';
      const verdict = await inspectHead(readChunks(handle), limits);
      return verdict === 'DICOMDIR' ? 'ignored' : { ...verdict, path, state };
    } finally {
      await handle.close();
    }
  } catch (error) {
    // A file that cannot be opened may be an instance too: it must not vanish from its study in silence.
    const code = error instanceof ImagingError ? error.code : ((error as NodeJS.ErrnoException).code ?? 'unknown');
    return { path, code };
  }
}

function isNamedDicom(path: string): boolean {
  return /\.(dcm|dicom)$/i.test(path);
}

function commonFolder(folders: readonly string[]): string {
  let common = (folders[0] ?? '').split(sep);
  for (const folder of folders) {
    const parts = folder.split(sep);
    let shared = 0;
    while (shared < common.length && common[shared] === parts[shared]) shared++;
    common = common.slice(0, shared);
  }
  return common.join(sep);
}
