/** Serves a study as the ZIP that its plan promised, byte for byte, or breaks off. Spec: docs/spec/file-set.md, section 4. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { equalBytes } from '@radledger/primitives';
import { DIRECTORY_NAME } from './file-set-names.js';
import { ImagingError } from './errors.js';
import type { FileSetEntry, FileSetPlan } from './file-set-plan.js';
import type { SnapshotInstance, StudySnapshot } from './pacs-connector.js';
import { centralHeader, endOfCentralDirectory, localHeader, type StoredZipEntry } from './stored-zip.js';

/**
 * Streams the ZIP of a plan from an archive, in memory that does not grow with the study. Instances that the plan does
 * not name are left out: the plan is what the ledger's commitment covers.
 * @returns chunks whose bytes are `plan.zipBytes` in number and have the hash `plan.zipSha256`
 * @throws {ImagingError} `MIXED_STUDIES` when plan and snapshot are of two studies | `INSTANCE_CHANGED` when the archive
 *   no longer has the planned bytes of an instance; thrown before the last bytes of that instance are handed out
 */
export async function* serveFileSet(
  plan: FileSetPlan,
  snapshot: StudySnapshot,
): AsyncGenerator<Uint8Array, void, void> {
  yield* writeFileSet(plan, snapshot);
}

/** One instance of a plan, and where the archive has it. */
export interface PlannedInstance {
  readonly entry: FileSetEntry;
  /** What the archive gives, not compared with the plan. */
  readonly stored: SnapshotInstance;
  /** The Part 10 file as planned. @throws {ImagingError} `INSTANCE_CHANGED` before the last bytes are handed out */
  open(): AsyncIterable<Uint8Array>;
}

/**
 * Finds instances of a plan in an archive.
 * @param entries - some of `plan.entries`, in the order in which they are wanted
 * @throws {ImagingError} `MIXED_STUDIES` | `INSTANCE_CHANGED` when the archive no longer has one of them
 */
export function plannedInstances(
  plan: Pick<FileSetPlan, 'studyInstanceUid' | 'entries'>,
  snapshot: StudySnapshot,
  entries: readonly FileSetEntry[] = plan.entries,
): readonly PlannedInstance[] {
  if (plan.studyInstanceUid !== snapshot.studyInstanceUid) {
    throw new ImagingError({ code: 'MIXED_STUDIES' }, 'the plan and the snapshot are of one study');
  }
  const available = new Map(snapshot.instances.map((instance) => [instance.sopInstanceUid, instance]));
  return entries.map((entry, index) => {
    const stored = available.get(entry.sopInstanceUid);
    if (stored === undefined) throw changed(index);
    return { entry, stored, open: () => plannedBytes(entry, stored, index) };
  });
}

/** The bytes of a file-set; they do not depend on the plan's own hash, which is made from them. */
export async function* writeFileSet(
  plan: Omit<FileSetPlan, 'zipSha256'>,
  snapshot: StudySnapshot,
): AsyncGenerator<Uint8Array, void, void> {
  const instances = plannedInstances(plan, snapshot);
  const dicomdir = directoryEntry(plan.directory);
  yield localHeader(dicomdir);
  yield plan.directory;
  const directory: Uint8Array[] = [centralHeader(dicomdir, 0)];
  let offset = localHeader(dicomdir).length + plan.directory.length;
  for (const instance of instances) {
    const { entry } = instance;
    const header = localHeader(entry);
    yield header;
    yield* instance.open();
    directory.push(centralHeader(entry, offset));
    offset += header.length + entry.sizeBytes;
  }
  let directoryBytes = 0;
  for (const record of directory) {
    yield record;
    directoryBytes += record.length;
  }
  yield endOfCentralDirectory({ entries: directory.length, directoryBytes, directoryOffset: offset });
}

/** The DICOMDIR as a file of the ZIP. */
export function directoryEntry(directory: Uint8Array): StoredZipEntry {
  return { name: DIRECTORY_NAME, sizeBytes: directory.length, crc32: crc32(directory) };
}

/** The bytes of one instance; the last chunk waits until the hash over all of them is known to be the planned one. */
async function* plannedBytes(
  entry: FileSetEntry,
  instance: SnapshotInstance,
  index: number,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  let held: Uint8Array | undefined;
  for await (const chunk of instance.open()) {
    if (chunk.length === 0) continue;
    sizeBytes += chunk.length;
    if (sizeBytes > entry.sizeBytes) throw changed(index);
    hash.update(chunk);
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (sizeBytes !== entry.sizeBytes || !equalBytes(hash.digest(), entry.sha256)) throw changed(index);
  if (held !== undefined) yield held;
}

function changed(index: number): ImagingError {
  return new ImagingError(
    { code: 'INSTANCE_CHANGED', index },
    'the archive no longer has the bytes that were planned; plan the study again and amend it on the ledger',
  );
}
