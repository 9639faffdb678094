/**
 * Judges a received ZIP on the disk: its directory, then every instance to its last byte. Everything that parses or
 * inflates what a sender wrote is called from here, and this is called in a worker. Spec: docs/spec/file-set.md, section 6.
 */
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { ZipFile } from 'yauzl';
import { ImagingError } from './errors.js';
import { isStored, openFileSetZip, type ZipMember } from './file-set-zip.js';
import type { ImportPolicy } from './import-policy.js';
import type { InspectedInstance } from './instance-inspector.js';
import { type JudgedInstance, judgeInstance, keepsPreamble } from './instance-judge.js';
import type { ImportLimits } from './limits.js';
import { writeQuarantined } from './quarantine-disk.js';

export const ZIP_NAME = 'study.zip';

export interface JudgeTask {
  /** The quarantine's folder: the ZIP lies in it as `study.zip`, and what was deflated is put beside it. */
  readonly folder: string;
  readonly zipBytes: number;
  readonly limits: ImportLimits;
  readonly policy: ImportPolicy;
}

/**
 * @returns instances in the order of the ZIP's directory; nothing about them as a study is judged here
 * @throws {ImagingError} as `importFileSet`, for the ZIP and for each instance
 */
export async function judgeFileSet({
  folder,
  zipBytes,
  limits,
  policy,
}: JudgeTask): Promise<readonly JudgedInstance[]> {
  const { zip, members } = await openFileSetZip(join(folder, ZIP_NAME), zipBytes, limits);
  try {
    const judged: JudgedInstance[] = [];
    for (const member of members) judged.push(await judgeMember({ zip, member, folder, limits, policy }));
    return judged;
  } finally {
    zip.close();
  }
}

interface MemberTask extends Omit<JudgeTask, 'zipBytes'> {
  readonly zip: ZipFile;
  readonly member: ZipMember;
}

async function judgeMember(task: MemberTask): Promise<JudgedInstance> {
  const { zip, member, folder } = task;
  const isPreambleDropped = !(await keepsPreamble(memberBytes(zip, member), task));
  const judge = (write?: (chunk: Uint8Array) => Promise<void>): Promise<InspectedInstance> =>
    judgeInstance(checkedBytes(zip, member, write), isPreambleDropped, member.index, task);
  // What is filed is read from plain bytes: nothing is inflated outside of the worker.
  const file = `${member.index}.dcm`;
  const facts = isStored(member) ? await judge() : await writeQuarantined(join(folder, file), judge);
  return { facts, place: isStored(member) ? await placeInZip(zip, member) : { file, offset: 0 }, isPreambleDropped };
}

async function placeInZip(zip: ZipFile, { entry }: ZipMember): Promise<JudgedInstance['place']> {
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
  return { file: ZIP_NAME, offset: fileDataStart };
}

/** The bytes of a member; ends with an error unless size and CRC-32 are those that the directory says. */
async function* checkedBytes(
  zip: ZipFile,
  member: ZipMember,
  write: ((chunk: Uint8Array) => Promise<void>) | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  let crc = 0;
  let sizeBytes = 0;
  for await (const chunk of memberBytes(zip, member)) {
    crc = crc32(chunk, crc);
    sizeBytes += chunk.length;
    await write?.(chunk);
    yield chunk;
  }
  if (crc !== member.entry.crc32 || sizeBytes !== member.entry.uncompressedSize) throw mismatch(member);
}

/** yauzl's complaints come out coded. */
export async function* memberBytes(zip: ZipFile, member: ZipMember): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* (await zip.openReadStreamPromise(member.entry)) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw mismatch(member, cause);
  }
}

function mismatch(member: ZipMember, cause?: unknown): ImagingError {
  const info = { code: 'ENTRY_MISMATCH', index: member.index } as const;
  return new ImagingError(info, 'an entry has the size and CRC-32 that the directory says', { cause });
}
