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
 * Appends whole lines, on disk when it resolves. A stop or a full disk in the middle leaves a torn end, which the next call cuts off.
 * @param sizeBytes - how much of the file is whole
 * @returns the new size
 */
export async function appendLines(
  file: { readonly folder: string; readonly name: string },
  lines: readonly string[],
  sizeBytes: number,
): Promise<number> {
  const bytes = Buffer.from(`${lines.join('\n')}\n`);
  const handle = await open(join(file.folder, file.name), sizeBytes === 0 ? 'w' : 'r+', 0o600);
  try {
    await handle.truncate(sizeBytes);
    await handle.write(bytes, 0, bytes.length, sizeBytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (sizeBytes === 0) await syncFolder(file.folder);
  return sizeBytes + bytes.length;
}

/** Size up to the last line end. */
export async function wholeBytesOf(folder: string, name: string): Promise<number> {
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
