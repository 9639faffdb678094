/** The files of an audit trail: one of lines for each UTC day, and one of signed heads. Spec: docs/spec/audit.md, section 2. */
import { createReadStream } from 'node:fs';
import { open, readdir, readFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { type AuditHead, headFromJson } from './audit-head.js';
import { LINE_BYTES_MAX } from './audit-line.js';

const LINE_END = 0x0a;
const DAY_FILE = /^\d{4}-\d{2}-\d{2}\.jsonl$/;
export const HEADS_FILE = 'heads.jsonl';

/** The UTC day of an instant. */
export function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

/** The UTC day after one. */
export function dayAfter(day: string): string {
  return dayOf(Date.parse(day) + 86_400_000);
}

export function dayFile(day: string): string {
  return `${day}.jsonl`;
}

/** Names of the files with lines, oldest day first. */
export async function dayFiles(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => DAY_FILE.test(name)).sort();
}

/** One line of a file. */
export interface FileLine {
  /** Without its line end; of a line that is too long only its begin. */
  readonly text: string;
  /** Bytes of the file up to here, the line end included. */
  readonly endByte: number;
  /** False for the end of a file without a line end. */
  readonly isWhole: boolean;
}

/**
 * The lines of one file in their order, with a few hundred KiB in memory whatever its size.
 * @param range - bytes of the file to read: `from` where a line begins, `to` where one ends; default all
 */
export async function* linesOf(
  file: string,
  { from = 0, to = Number.POSITIVE_INFINITY }: { readonly from?: number; readonly to?: number } = {},
): AsyncGenerator<FileLine, void, void> {
  if (from >= to) return;
  let parts: Uint8Array[] = [];
  let kept = 0;
  let endByte = from;
  const keep = (bytes: Uint8Array): void => {
    endByte += bytes.length;
    // One byte more than a line may have: enough to see that it is none.
    const room = LINE_BYTES_MAX + 1 - kept;
    if (room <= 0) return;
    parts.push(bytes.subarray(0, room));
    kept += Math.min(room, bytes.length);
  };
  const take = (): string => {
    const text = Buffer.concat(parts).toString('utf8');
    parts = [];
    kept = 0;
    return text;
  };
  for await (const chunk of createReadStream(file, { start: from, end: to - 1 })) {
    let rest = chunk as Buffer;
    for (let at = rest.indexOf(LINE_END); at >= 0; at = rest.indexOf(LINE_END)) {
      keep(rest.subarray(0, at));
      endByte += 1;
      yield { text: take(), endByte, isWhole: true };
      rest = rest.subarray(at + 1);
    }
    if (rest.length > 0) keep(rest);
  }
  if (kept > 0) yield { text: take(), endByte, isWhole: false };
}

/** The signed heads, oldest first; what is none is `undefined`. */
export async function readHeads(folder: string): Promise<readonly (AuditHead | undefined)[]> {
  const text = await readFile(join(folder, HEADS_FILE), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    try {
      return headFromJson(JSON.parse(line));
    } catch {
      return undefined;
    }
  });
}

/**
 * Appends whole lines, on disk when it resolves. A disk that takes only a part of them is left as it was.
 * @param sizeBytes - how large the file is; 0 makes it
 * @returns the new size
 * @throws the system's error, or `TRAIL_CHANGED` when the file has another size: somebody else writes into the trail
 */
export async function appendLines(
  file: { readonly folder: string; readonly name: string },
  lines: readonly string[],
  sizeBytes: number,
): Promise<number> {
  const bytes = Buffer.from(`${lines.join('\n')}\n`);
  const handle = await open(join(file.folder, file.name), 'a', 0o600);
  try {
    const { size } = await handle.stat();
    if (size !== sizeBytes) throw Object.assign(new Error('the trail was changed'), { code: 'TRAIL_CHANGED' });
    try {
      // Writes until all is written: a disk that fills takes a part without an error first.
      await handle.appendFile(bytes);
      await handle.sync();
    } catch (error) {
      await handle.truncate(sizeBytes);
      throw error;
    }
  } finally {
    await handle.close();
  }
  if (sizeBytes === 0) await syncFolder(file.folder);
  return sizeBytes + bytes.length;
}

/** Cuts off what a stop left of a last line. @returns the size then */
export async function cutTornLine(folder: string, name: string): Promise<number> {
  const handle = await open(join(folder, name), 'r+').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (handle === undefined) return 0;
  try {
    const sizeBytes = await wholeBytesOf(handle);
    await handle.truncate(sizeBytes);
    return sizeBytes;
  } finally {
    await handle.close();
  }
}

/** Size up to the last line end; reads from the end on. */
async function wholeBytesOf(handle: FileHandle): Promise<number> {
  const block = Buffer.alloc(1_048_576);
  for (let end = (await handle.stat()).size; end > 0; ) {
    const start = Math.max(0, end - block.length);
    const { bytesRead } = await handle.read(block, 0, end - start, start);
    const at = block.subarray(0, bytesRead).lastIndexOf(LINE_END);
    if (at >= 0) return start + at + 1;
    end = start;
  }
  return 0;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
