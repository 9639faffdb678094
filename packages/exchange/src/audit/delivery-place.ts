/** How far a trail was delivered, kept over a restart. */
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrailPlace } from './audit-trail.js';

const PLACE_FILE = 'syslog-position';

/** @returns undefined when nothing was delivered yet, or nobody can tell: then all is delivered again */
export async function readPlace(folder: string): Promise<TrailPlace | undefined> {
  try {
    const value = JSON.parse(await readFile(join(folder, PLACE_FILE), 'utf8')) as Partial<TrailPlace> | null;
    const { day, endByte, number, hash } = value ?? {};
    if (typeof day !== 'string' || typeof hash !== 'string' || !isCount(endByte) || !isCount(number)) return undefined;
    return { day, endByte, number, hash };
  } catch {
    return undefined;
  }
}

/** On disk when it resolves. */
export async function writePlace(folder: string, place: TrailPlace): Promise<void> {
  const file = join(folder, PLACE_FILE);
  const handle = await open(`${file}.new`, 'w', 0o600);
  try {
    await handle.writeFile(JSON.stringify(place));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${file}.new`, file);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
