/** The recipient's side: a hostile stream goes into quarantine and comes out as a checked study, or leaves nothing behind. */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { onDisk } from './quarantine-disk.js';
import type { QuarantinedStudy } from './quarantined-study.js';
import type { AdmissionOptions } from './study-admission.js';
import { openIntake } from './study-intake.js';

const QUARANTINE_PREFIX = 'import-';

export interface ImportOptions extends AdmissionOptions {
  /** The ZIP as it arrives; left early when it breaks a limit. Each chunk a buffer that does not change any more. */
  readonly stream: AsyncIterable<Uint8Array>;
  /** Made when absent, mode 0700. Belongs to imports alone: `clearQuarantine` erases what a crash left in it. */
  readonly quarantineFolder: string;
}

/**
 * Receives a study in one try. Every byte is written to a fresh folder in quarantine and synced; then a worker of its own judges the
 * ZIP's directory and reads each instance to its end; all of them must be of one study. Only what passes is handed out;
 * on any error the quarantine is erased first.
 * @throws {ImagingError} limits: `ZIP_TOO_LARGE` | `TOO_MANY_ENTRIES` | `COMPRESSION_RATIO` | `INSPECTION_ABORTED`; the
 *   ZIP: `INVALID_ZIP` | `UNSAFE_ENTRY_NAME` | `UNSUPPORTED_ENTRY` | `ENTRY_MISMATCH`; the study: what `inspectInstance`
 *   throws | `EMPTY_STUDY` | `MIXED_STUDIES` | `DUPLICATE_INSTANCE`; the policy: `TRANSFER_SYNTAX_REFUSED` |
 *   `SOP_CLASS_REFUSED`; the promise: `UNEXPECTED_STUDY` | `CONTENT_MISMATCH`; the hook:
 *   `LOCAL_PATIENT_REFUSED`; the disk: `FOLDER_UNUSABLE`; and what the
 *   stream itself throws, unchanged
 */
export async function importFileSet(options: ImportOptions): Promise<QuarantinedStudy> {
  const folder = await openQuarantine(resolve(options.quarantineFolder));
  try {
    return await openIntake({ ...options, folder }).receiveFileSet(options.stream);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Erases what a crash left in quarantine. Call at start, while no import runs into the folder. */
export async function clearQuarantine(quarantineFolder: string): Promise<void> {
  const folder = resolve(quarantineFolder);
  await onDisk(async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(folder)) {
      if (name.startsWith(QUARANTINE_PREFIX)) await rm(join(folder, name), { recursive: true, force: true });
    }
  });
}

async function openQuarantine(folder: string): Promise<string> {
  return onDisk(async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return mkdtemp(join(folder, QUARANTINE_PREFIX));
  });
}
