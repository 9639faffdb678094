/**
 * The record of everything that a node key has signed, written down before the signature leaves. Whoever loses it, or
 * runs the key with an older copy of it, may sign two things that exclude each other. Spec: docs/spec/storage.md, section 5.
 */
import { constants, type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  algorithmBytes,
  concatBytes,
  decodeWith,
  encodeWith,
  equalBytes,
  literal,
  struct,
  toHex,
  uint,
} from '@radledger/primitives';
import { ClassicLevel } from 'classic-level';
import type { SignLog, SignLogHeader } from './contract.js';
import { StorageError } from './errors.js';
import { frameRecord, parseRecords, RECORD_BYTES_MAX } from './sign-log-records.js';

const headerSchema = struct({
  tag: literal('radledger/sign-log/1'),
  nodeKey: algorithmBytes(32),
  createdAtMs: uint(),
});

export interface SignLogOptions {
  /** 32 bytes; a log of another key is refused. */
  readonly nodeKey: Uint8Array;
}

/**
 * Makes an empty sign-log, mode 0600, together with a new node key and never for an old one.
 * @throws {StorageError} `SIGN_LOG_EXISTS` | `SIGN_LOG_UNREADABLE`
 */
export async function createSignLog(path: string, header: SignLogHeader): Promise<void> {
  let file: FileHandle;
  try {
    file = await open(path, 'wx', 0o600);
  } catch (cause) {
    if (systemCodeOf(cause) !== 'EEXIST') throw unreadable(path, cause);
    throw new StorageError({ code: 'SIGN_LOG_EXISTS', path }, 'a sign-log is made once, with its key', { cause });
  }
  try {
    await writeAll(file, frameRecord(encodeHeader(header), 0), 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(dirname(path));
}

/**
 * Opens the sign-log of a node key for this process alone and reads it.
 * @throws {StorageError} `SIGN_LOG_MISSING` | `SIGN_LOG_LOCKED` | `SIGN_LOG_CORRUPT` | `FOREIGN_SIGN_LOG` |
 *   `SIGN_LOG_UNREADABLE`; the file is left as it is
 */
export async function openSignLog(path: string, options: SignLogOptions): Promise<SignLog> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDWR);
  } catch (cause) {
    if (systemCodeOf(cause) !== 'ENOENT') throw unreadable(path, cause);
    const message = 'restore the newest copy; without one, make a new node key and its log, and rotate to it';
    throw new StorageError({ code: 'SIGN_LOG_MISSING', path }, message, { cause });
  }
  let lock: ClassicLevel | undefined;
  try {
    lock = await lockSignLog(path);
    const { buffer, byteOffset, byteLength } = await file.readFile();
    // A plain view: the `slice` of a Buffer would keep the whole file in memory for the sake of one record.
    const parsed = parseRecords(new Uint8Array(buffer, byteOffset, byteLength));
    if ('damagedAt' in parsed) throw corrupt(path, parsed.damagedAt);
    const [first, ...records] = parsed.records;
    if (first === undefined) throw corrupt(path, 0);
    const header = decodeHeader(path, first);
    if (!equalBytes(header.nodeKey, options.nodeKey)) {
      const info = { expected: toHex(options.nodeKey), found: toHex(header.nodeKey) };
      throw new StorageError({ code: 'FOREIGN_SIGN_LOG', path, ...info }, 'open the log of this node key');
    }
    return new FileSignLog(path, file, lock, header, records, parsed);
  } catch (error) {
    await file.close();
    await lock?.close();
    throw error;
  }
}

/** What waits for its turn: one record to append, or all records anew. */
interface Task {
  readonly append?: Uint8Array;
  readonly rewrite?: readonly Uint8Array[];
  readonly resolve: () => void;
  readonly reject: (error: StorageError) => void;
}

class FileSignLog implements SignLog {
  readonly tornBytes: number;
  private end: number;
  private torn: boolean;
  private nextIndex: number;
  private readonly tasks: Task[] = [];
  private running: Promise<void> | undefined;
  private failed = false;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly path: string,
    private file: FileHandle,
    private readonly lock: ClassicLevel,
    readonly header: SignLogHeader,
    readonly records: readonly Uint8Array[],
    parsed: { readonly end: number; readonly tornBytes: number },
  ) {
    this.end = parsed.end;
    this.tornBytes = parsed.tornBytes;
    this.torn = parsed.tornBytes > 0;
    this.nextIndex = records.length + 1;
  }

  append(record: Uint8Array): Promise<void> {
    return this.enqueue([record], (resolve, reject) => ({ append: record.slice(), resolve, reject }));
  }

  rewrite(records: readonly Uint8Array[]): Promise<void> {
    return this.enqueue(records, (resolve, reject) => ({
      rewrite: records.map((record) => record.slice()),
      resolve,
      reject,
    }));
  }

  close(): Promise<void> {
    this.closing ??= (async () => {
      await this.running;
      await this.file.close();
      await this.lock.close();
    })();
    return this.closing;
  }

  private enqueue(
    records: readonly Uint8Array[],
    taskOf: (resolve: () => void, reject: (error: StorageError) => void) => Task,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      if (records.some(({ length }) => length > RECORD_BYTES_MAX)) {
        const message = `expected at most ${RECORD_BYTES_MAX} bytes`;
        reject(new StorageError({ code: 'OUT_OF_RANGE', what: 'record' }, message));
      } else if (this.closing !== undefined) {
        reject(new StorageError({ code: 'CLOSED' }, 'the sign-log is closed'));
      } else {
        this.tasks.push(taskOf(resolve, reject));
        this.running ??= this.work();
      }
    });
  }

  private async work(): Promise<void> {
    while (this.tasks[0] !== undefined) {
      const next = this.tasks.findIndex(({ append }) => append === undefined);
      // Appends that wait together go out in one write and one sync: a proposal and its votes cost one disk turn.
      const batch = this.tasks.splice(0, next === -1 ? this.tasks.length : Math.max(next, 1));
      try {
        if (this.failed) throw new Error('an earlier write failed');
        const records = batch[0]?.rewrite;
        await (records === undefined ? this.writeAppends(batch) : this.writeAnew(records));
        for (const { resolve } of batch) resolve();
      } catch (cause) {
        // What reached the disk is unknown, and a second sync may claim success: nothing more is written.
        this.failed = true;
        for (const { reject } of batch) reject(this.writeFailed(cause));
      }
    }
    this.running = undefined;
  }

  private async writeAppends(batch: readonly Task[]): Promise<void> {
    const frames = batch.flatMap(({ append }, i) =>
      append === undefined ? [] : [frameRecord(append, this.nextIndex + i)],
    );
    const bytes = concatBytes(...frames);
    // Cuts off an unfinished record of an earlier run, of which nothing was ever acknowledged.
    if (this.torn) await this.file.truncate(this.end);
    this.torn = false;
    await writeAll(this.file, bytes, this.end);
    await this.file.datasync();
    this.end += bytes.length;
    this.nextIndex += batch.length;
  }

  private async writeAnew(records: readonly Uint8Array[]): Promise<void> {
    const next = `${this.path}.new`;
    const bytes = concatBytes(...[encodeHeader(this.header), ...records].map(frameRecord));
    await rm(next, { force: true });
    const file = await open(next, 'wx+', 0o600);
    try {
      await writeAll(file, bytes, 0);
      await file.sync();
      await rename(next, this.path);
      await syncFolder(dirname(this.path));
    } catch (error) {
      await file.close();
      throw error;
    }
    await this.file.close();
    this.file = file;
    this.end = bytes.length;
    this.torn = false;
    this.nextIndex = records.length + 1;
  }

  private writeFailed(cause: unknown): StorageError {
    const message = 'stop the node, look after the disk, start again: what was written is unknown until then';
    return new StorageError({ code: 'SIGN_LOG_WRITE_FAILED', path: this.path }, message, { cause });
  }
}

/**
 * A lock that the system frees when its holder dies, however it dies. Node itself has none; LevelDB's, on an otherwise
 * empty folder beside the log, does what is needed on every platform.
 */
async function lockSignLog(path: string): Promise<ClassicLevel> {
  const lock = new ClassicLevel(`${path}.lock`);
  try {
    await lock.open();
    return lock;
  } catch (cause) {
    const code = (cause as { cause?: { code?: unknown } }).cause?.code;
    if (code !== 'LEVEL_LOCKED') throw unreadable(path, cause);
    const message = 'another process uses this node key: never run a key twice';
    throw new StorageError({ code: 'SIGN_LOG_LOCKED', path }, message, { cause });
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

/** Makes a new name in a folder survive a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function encodeHeader({ nodeKey, createdAtMs }: SignLogHeader): Uint8Array {
  return encodeWith(headerSchema, { tag: 'radledger/sign-log/1', nodeKey, createdAtMs });
}

function decodeHeader(path: string, bytes: Uint8Array): SignLogHeader {
  try {
    const { nodeKey, createdAtMs } = decodeWith(headerSchema, bytes, { bytesMax: 256 });
    return { nodeKey, createdAtMs };
  } catch {
    throw corrupt(path, 0);
  }
}

function corrupt(path: string, offset: number): StorageError {
  const message =
    'the log is damaged and was left as it is: restore the newest copy, or make a new node key and its log and rotate to it';
  return new StorageError({ code: 'SIGN_LOG_CORRUPT', path, offset }, message);
}

function unreadable(path: string, cause: unknown): StorageError {
  const info = { code: 'SIGN_LOG_UNREADABLE', path, systemCode: systemCodeOf(cause) } as const;
  return new StorageError(info, 'check the path and its rights', { cause });
}

function systemCodeOf(error: unknown): string {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : 'UNKNOWN';
}
