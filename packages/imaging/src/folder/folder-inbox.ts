import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { equalBytes } from '@radledger/primitives';
import { ImagingError } from '../errors.js';
import { FileWriter } from '../file-writer.js';
import type { InstanceHeader } from '../instance-header.js';
import { type InspectedInstance, inspectInstance } from '../instance-inspector.js';
import { DEFAULT_INSTANCE_LIMITS } from '../limits.js';
import { openStoredFile, readChunks, syncFolder } from './stored-file.js';
import { withSystemErrors } from './system-errors.js';

const ARRIVING_PREFIX = '.arriving-';

export interface FolderInboxOptions {
  /** Made when absent; one file system, and this process alone receives into it. */
  readonly folder: string;
  /** Default 4 GiB. */
  readonly instanceBytesMax?: number;
}

/** `stored`: it is there now. `held`: the very data set was there before. `other`: another one is there under its UID, and stays. */
export type Arrival = 'stored' | 'held' | 'other';

export interface FolderInbox {
  /**
   * Takes one instance, which nobody sees before it is whole, checked and on disk: `<folder>/<StudyInstanceUID>/<SOPInstanceUID>.dcm`.
   * @param file - a Part 10 file, as it comes
   * @param named - what its sender calls it
   * @throws {ImagingError} as `inspectInstance`; `MALFORMED_META` when it is another one inside; `FOLDER_UNUSABLE`; and what `file` throws.
   *   Nothing is left of it then
   */
  receive(
    file: AsyncIterable<Uint8Array>,
    named: Pick<InstanceHeader, 'sopInstanceUid' | 'sopClassUid'>,
  ): Promise<Arrival>;
}

/** Opens a folder for instances that come one by one; erases what a crash left half received. @throws {ImagingError} `FOLDER_UNUSABLE` */
export async function openFolderInbox(options: FolderInboxOptions): Promise<FolderInbox> {
  const folder = resolve(options.folder);
  const { instanceBytesMax = DEFAULT_INSTANCE_LIMITS.instanceBytesMax } = options;
  await withSystemErrors(async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(folder)) {
      if (name.startsWith(ARRIVING_PREFIX)) await rm(join(folder, name), { force: true });
    }
  });

  const place = async (draft: string, facts: InspectedInstance): Promise<Arrival> => {
    const study = join(folder, facts.studyInstanceUid);
    const target = join(study, `${facts.sopInstanceUid}.dcm`);
    await mkdir(study, { recursive: true, mode: 0o700 });
    try {
      // Unlike a rename, a link never takes the place of what is there.
      await link(draft, target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      return (await holdsDataSet(target, facts)) ? 'held' : 'other';
    }
    await syncFolder(study);
    await syncFolder(folder);
    return 'stored';
  };

  return {
    receive: (file, { sopInstanceUid, sopClassUid }) =>
      withSystemErrors(async () => {
        const draft = join(folder, `${ARRIVING_PREFIX}${randomUUID()}`);
        try {
          const facts = await inspectInstance(written(draft, file), { instanceBytesMax });
          if (facts.sopInstanceUid !== sopInstanceUid || facts.sopClassUid !== sopClassUid) {
            throw new ImagingError({ code: 'MALFORMED_META' }, 'expected the instance that its sender names');
          }
          return await place(draft, facts);
        } finally {
          await rm(draft, { force: true });
        }
      }),
  };
}

/** Passes the bytes on, and has all of them on disk when it ends. */
async function* written(path: string, file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const handle = await open(path, 'wx', 0o600);
  const writer = new FileWriter(handle);
  try {
    for await (const chunk of file) {
      await writer.write(chunk);
      yield chunk;
    }
    await writer.finish();
  } finally {
    await writer.settled();
    await handle.close();
  }
}

async function holdsDataSet(path: string, facts: InspectedInstance): Promise<boolean> {
  const opened = await openStoredFile(path);
  if (opened === undefined) return false;
  try {
    const { dataSetSha256, transferSyntaxUid } = await inspectInstance(readChunks(opened.handle));
    return transferSyntaxUid === facts.transferSyntaxUid && equalBytes(dataSetSha256, facts.dataSetSha256);
  } catch (error) {
    if (error instanceof ImagingError) return false;
    throw error;
  } finally {
    await opened.handle.close();
  }
}
