/** The files of an audit trail: one of lines for each UTC day, and one of signed heads. Spec: docs/spec/audit.md, section 2. */
import { createReadStream } from 'node:fs';
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type AuditHead, headFromJson } from './audit-head.js';

const DAY_FILE = /^\d{4}-\d{2}-\d{2}\.jsonl$/;
export const HEADS_FILE = 'heads.jsonl';

/** The UTC day of an instant. */
export function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

export function dayFile(day: string): string {
  return `${day}.jsonl`;
}

/** Names of the files with lines, oldest day first. */
export async function dayFiles(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => DAY_FILE.test(name)).sort();
}

/** The lines of one file in their order, the end of a last line that is not whole included. */
export async function* linesOf(file: string): AsyncGenerator<string> {
  yield* createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY });
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
  const sizeBytes = await wholeBytesOf(folder, name);
  const handle = await open(join(folder, name), 'r+').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  try {
    await handle?.truncate(sizeBytes);
  } finally {
    await handle?.close();
  }
  return sizeBytes;
}

/** Size up to the last line end. */
async function wholeBytesOf(folder: string, name: string): Promise<number> {
  const bytes = await readFile(join(folder, name)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  return bytes.lastIndexOf(0x0a) + 1;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
