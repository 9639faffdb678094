/** A checked study that waits longer than the process that checked it: its bytes in a folder, and beside them what was judged of them. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { equalBytes } from '@radledger/primitives';
import { ImagingError } from './errors.js';
import type { JudgedInstance } from './instance-judge.js';
import { onDisk, writeQuarantined } from './quarantine-disk.js';
import type { QuarantinedStudy } from './quarantined-study.js';

const NOTE_NAME = 'study.note';

/** What the quarantine knows of a study that passed. */
export interface StudyNote extends Pick<QuarantinedStudy, 'studyInstanceUid' | 'manifest'> {
  readonly judged: readonly JudgedInstance[];
}

/** @returns SHA-256 of the note */
export async function noteBeside(folder: string, note: StudyNote): Promise<Uint8Array> {
  const bytes = serialize(note);
  await writeQuarantined(join(folder, NOTE_NAME), (write) => write(bytes));
  return sha256Of(bytes);
}

/**
 * Nothing is taken from a note that is not the one that was written.
 * @throws {ImagingError} `QUARANTINE_CHANGED` | `FOLDER_UNUSABLE`
 */
export async function readNote(folder: string, sha256: Uint8Array): Promise<StudyNote> {
  const bytes = await onDisk(() => readFile(join(folder, NOTE_NAME)));
  if (!equalBytes(sha256Of(bytes), sha256)) {
    throw new ImagingError({ code: 'QUARANTINE_CHANGED' }, 'the quarantine holds what was set aside');
  }
  return deserialize(bytes) as StudyNote;
}

function sha256Of(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}
