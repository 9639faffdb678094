/** Judges instances that lie in quarantine one by one: in files of their own, or in a ZIP that broke off. Called in a worker. */
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { ImagingError } from './errors.js';
import { ZIP_NAME } from './file-set-judge.js';
import type { ImportPolicy } from './import-policy.js';
import { type JudgedInstance, judgeInstance, keepsPreamble } from './instance-judge.js';
import type { ImportLimits } from './limits.js';
import { rangeOf } from './quarantine-disk.js';
import { type WholeEntry, wholeEntries } from './whole-entries.js';

export interface PlacesTask {
  readonly folder: string;
  /** Names of files in the folder, one instance each. */
  readonly files: readonly string[];
  /** Size of all that is to be read. */
  readonly receivedBytes: number;
  readonly limits: ImportLimits;
  readonly policy: ImportPolicy;
}

/**
 * @returns one for each file, in their order
 * @throws {ImagingError} what `judgeInstance` throws
 */
export async function judgeFiles(task: PlacesTask): Promise<readonly JudgedInstance[]> {
  const judged: JudgedInstance[] = [];
  for (const [index, file] of task.files.entries()) judged.push(await judgeFile(file, index, task));
  return judged;
}

/** Those of an earlier try that pass, of the files and of the ZIP: what does not is as good as not there. */
export async function judgeHeld(task: PlacesTask): Promise<readonly JudgedInstance[]> {
  const judged: JudgedInstance[] = [];
  const keep = async (judging: Promise<JudgedInstance>): Promise<void> => {
    try {
      judged.push(await judging);
    } catch (error) {
      if (!(error instanceof ImagingError)) throw error;
    }
  };
  for (const [index, file] of task.files.entries()) await keep(judgeFile(file, index, task));
  let index = task.files.length;
  for await (const entry of entriesIn(task)) await keep(judgePlace(ZIP_NAME, entry, index++, task));
  return judged;
}

async function judgeFile(file: string, index: number, task: PlacesTask): Promise<JudgedInstance> {
  const { size } = await stat(join(task.folder, file));
  return judgePlace(file, { offset: 0, sizeBytes: size, crc32: undefined }, index, task);
}

type Place = Pick<WholeEntry, 'offset' | 'sizeBytes'> & { readonly crc32: number | undefined };

async function judgePlace(file: string, place: Place, index: number, task: PlacesTask): Promise<JudgedInstance> {
  const stored = (): AsyncIterable<Uint8Array> => rangeOf(join(task.folder, file), place.offset, place.sizeBytes);
  const isPreambleDropped = !(await keepsPreamble(stored(), task));
  const bytes = place.crc32 === undefined ? stored() : checked(stored(), place.crc32, index);
  const facts = await judgeInstance(bytes, isPreambleDropped, index, task);
  return { facts, place: { file, offset: place.offset }, isPreambleDropped };
}

async function* entriesIn({ folder, limits }: PlacesTask): AsyncGenerator<WholeEntry, void, void> {
  const handle = await open(join(folder, ZIP_NAME), 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (handle === undefined) return;
  try {
    yield* wholeEntries(handle, (await handle.stat()).size, limits.entriesMax);
  } finally {
    await handle.close();
  }
}

async function* checked(
  stream: AsyncIterable<Uint8Array>,
  expected: number,
  index: number,
): AsyncGenerator<Uint8Array, void, void> {
  let crc = 0;
  for await (const chunk of stream) {
    crc = crc32(chunk, crc);
    yield chunk;
  }
  if (crc !== expected) throw new ImagingError({ code: 'ENTRY_MISMATCH', index }, 'an entry has its CRC-32');
}
