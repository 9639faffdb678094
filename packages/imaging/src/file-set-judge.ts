/**
 * Judges a received ZIP on the disk: its directory, then every instance to its last byte. Everything that parses or
 * inflates what a sender wrote is called from here, and this is called in a worker. Spec: docs/spec/file-set.md, section 6.
 */
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { ZipFile } from 'yauzl';
import { ImagingError } from './errors.js';
import { isStored, openFileSetZip, type ZipMember } from './file-set-zip.js';
import { type ImportPolicy, isAllowed } from './import-policy.js';
import { type InspectedInstance, inspectHead, inspectInstance } from './instance-inspector.js';
import type { ImportLimits } from './limits.js';
import { isTiffPreamble, withoutPreamble } from './preamble.js';
import { writeQuarantined } from './quarantine-disk.js';

export const ZIP_NAME = 'study.zip';
const WHOLE_SLIDE = '1.2.840.10008.5.1.4.1.1.77.1.6';

/** An instance that passed, and where its bytes lie. */
export interface JudgedInstance {
  /** Of the file as it will be filed: with the preamble that the policy leaves it. */
  readonly facts: InspectedInstance;
  /** Name of a file in the quarantine's folder, and where in it the instance begins. */
  readonly place: { readonly file: string; readonly offset: number };
  /** The preamble is not one to file: zeros stand for it. */
  readonly isPreambleDropped: boolean;
}

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
  const { zip, member, folder, limits, policy } = task;
  const isPreambleDropped = !(await keepsPreamble(task));
  const inspect = (write?: (chunk: Uint8Array) => Promise<void>): Promise<InspectedInstance> => {
    const stream = checkedBytes(zip, member, write);
    return inspectInstance(isPreambleDropped ? withoutPreamble(stream) : stream, limits);
  };
  // What is filed is read from plain bytes: nothing is inflated outside of the worker.
  const file = `${member.index}.dcm`;
  const facts = isStored(member) ? await inspect() : await writeQuarantined(join(folder, file), inspect);
  if (!isAllowed(policy.transferSyntaxes, facts.transferSyntaxUid)) {
    const info = { code: 'TRANSFER_SYNTAX_REFUSED', index: member.index } as const;
    throw new ImagingError(info, 'expected a transfer syntax that the policy of this recipient names');
  }
  if (!isAllowed(policy.sopClasses, facts.sopClassUid)) {
    const info = { code: 'SOP_CLASS_REFUSED', index: member.index } as const;
    throw new ImagingError(info, 'expected a SOP class that the policy of this recipient names');
  }
  return { facts, place: isStored(member) ? await placeInZip(zip, member) : { file, offset: 0 }, isPreambleDropped };
}

/** Only the head of a slide may stay, and only where the policy says so. */
async function keepsPreamble({ zip, member, limits, policy }: MemberTask): Promise<boolean> {
  if (policy.preambles === 'zero') return false;
  let head: Uint8Array | undefined;
  async function* noticed(): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of memberBytes(zip, member)) {
      head ??= chunk.slice(0, 4);
      yield chunk;
    }
  }
  const header = await inspectHead(noticed(), limits);
  return header !== 'DICOMDIR' && header.sopClassUid === WHOLE_SLIDE && head !== undefined && isTiffPreamble(head);
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
async function* memberBytes(zip: ZipFile, member: ZipMember): AsyncGenerator<Uint8Array, void, void> {
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
