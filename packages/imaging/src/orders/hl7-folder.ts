/** Orders that a hospital's interface engine drops as files: one HL7 message each. Guide: docs/guides/integrators-gateway.md. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ImagingError } from '../errors.js';
import { openStoredFile } from '../folder/stored-file.js';
import { withSystemErrors } from '../folder/system-errors.js';
import type { OrderNotice, OrderOrigin } from '../order.js';
import { MESSAGE_BYTES_MAX } from './hl7-message.js';
import { readHl7Orders } from './hl7-orders.js';
import { isHl7CharacterSet } from './hl7-text.js';

export interface Hl7FolderOptions {
  /** One file a message. A file is taken as soon as it is there: write it under a name that begins with a dot, then rename it. */
  readonly folder: string;
  /** Of messages that name none in MSH-18, as HL7 table 0211 calls it; default `UNICODE UTF-8`. */
  readonly characterSet?: string;
  /** How long files are kept after they were read, in whole days; default 30. They hold patient data. */
  readonly keepDays?: number;
  /** The clock, Unix ms; default the system's. */
  readonly now?: () => number;
}

const FILES_MAX = 1_000;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/**
 * A look reads at most 1,000 files in the order of their names, and moves each, once its orders are kept, to `done/<day>/`; one that cannot
 * be read, as a file or as orders, goes to `refused/<day>/<code>/`. A file of the same name that stands there is replaced. Names that begin with a dot, links and folders are passed over.
 * @throws {TypeError} for a character set that it cannot read; its look throws {ImagingError} `FOLDER_UNUSABLE`
 */
export function createHl7Folder(options: Hl7FolderOptions): OrderOrigin {
  const { characterSet = 'UNICODE UTF-8', keepDays = 30, now = Date.now } = options;
  if (!isHl7CharacterSet(characterSet)) throw new TypeError('expected a character set of HL7 table 0211');
  const folder = resolve(options.folder);
  const dayAgo = (days: number): string => new Date(now() - days * 86_400_000).toISOString().slice(0, 10);

  const move = async (name: string, ...to: readonly string[]): Promise<void> => {
    const target = join(folder, ...to);
    await mkdir(target, { recursive: true, mode: 0o700 });
    await rename(join(folder, name), join(target, name));
  };

  const dropOld = async (kind: 'done' | 'refused'): Promise<void> => {
    const days = await readdir(join(folder, kind)).catch(() => []);
    for (const day of days) {
      if (DAY.test(day) && day < dayAgo(keepDays)) await rm(join(folder, kind, day), { recursive: true, force: true });
    }
  };

  return {
    name: 'hl7',
    async look(take) {
      const entries = await withSystemErrors(() => readdir(folder, { withFileTypes: true }));
      const names = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.')).map(({ name }) => name);
      let refused = 0;
      let code: string | undefined;
      for (const name of names.sort().slice(0, FILES_MAX)) {
        let notices: readonly OrderNotice[] = [];
        try {
          notices = await withSystemErrors(async () =>
            readHl7Orders(await readMessage(join(folder, name)), characterSet),
          );
        } catch (error) {
          if (!(error instanceof ImagingError)) throw error;
          if (error.info.code === 'FOLDER_UNUSABLE' && error.info.systemCode === 'ENOENT') continue;
          refused += 1;
          code ??= error.code;
          await withSystemErrors(() => move(name, 'refused', dayAgo(0), error.code));
          continue;
        }
        for (const notice of notices) await take(notice);
        await withSystemErrors(() => move(name, 'done', dayAgo(0)));
      }
      await withSystemErrors(async () => {
        await dropOld('done');
        await dropOld('refused');
      });
      return { refused, code };
    },
  };
}

async function readMessage(path: string): Promise<Uint8Array> {
  const opened = await openStoredFile(path);
  if (opened === undefined) return new Uint8Array(0);
  const { handle } = opened;
  try {
    const buffer = Buffer.alloc(MESSAGE_BYTES_MAX + 1);
    let bytes = 0;
    while (bytes < buffer.length) {
      const { bytesRead } = await handle.read(buffer, bytes, buffer.length - bytes, bytes);
      if (bytesRead === 0) break;
      bytes += bytesRead;
    }
    return buffer.subarray(0, bytes);
  } finally {
    await handle.close();
  }
}
