/** The embedded default database, opened so that nothing is ever repaired or made by mistake. Spec: docs/spec/storage.md, 4. */
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { storageErrorOf } from './byte-database.js';
import { StorageError } from './errors.js';
import { findLogDamage } from './log-damage.js';
import { corruptDatabase } from './store-meta.js';

export interface DatabaseFolderOptions {
  readonly folder: string;
  /** `true`: the folder must be new or empty. `false`: it must hold a database. */
  readonly create: boolean;
}

/** What LevelDB leaves in a folder without ever having made a database there. */
const traces = new Set(['LOCK', 'LOG', 'LOG.old']);

/**
 * Opens a LevelDB folder for this process alone. Its files are checked first, because LevelDB by itself drops what it
 * cannot read of its logs: every log record, every table's length, and that the files it names are there.
 * @throws {StorageError} `DATABASE_MISSING` | `DATABASE_EXISTS` | `DATABASE_LOCKED` | `DATABASE_CORRUPT` |
 *   `DATABASE_UNREADABLE`; the files stay as they are
 */
export async function openDatabaseFolder({ folder, create }: DatabaseFolderOptions): Promise<ClassicLevel> {
  const names = await namesIn(folder);
  const isNew = names.every((name) => traces.has(name));
  if (create && !isNew) {
    const message = 'expected a new or empty folder: this one holds something already';
    throw new StorageError({ code: 'DATABASE_EXISTS', folder }, message);
  }
  if (!create && isNew) {
    const message = 'expected a folder with a database: check the path, or make a new one';
    throw new StorageError({ code: 'DATABASE_MISSING', folder }, message);
  }
  if (create) await mkdir(folder, { recursive: true, mode: 0o700 });
  else await inspectFiles(folder, names);
  const level = new ClassicLevel(folder, { createIfMissing: create, errorIfExists: create });
  try {
    await level.open();
    await inspectTables(folder, level);
    return level;
  } catch (error) {
    await level.close().catch(() => undefined);
    throw storageErrorOf(error);
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    const systemCode = (cause as NodeJS.ErrnoException).code ?? 'UNKNOWN';
    if (systemCode === 'ENOENT') return [];
    throw new StorageError({ code: 'DATABASE_UNREADABLE', systemCode }, 'check the folder and its rights', { cause });
  }
}

async function inspectFiles(folder: string, names: readonly string[]): Promise<void> {
  if (!names.includes('CURRENT')) throw corruptDatabase('CURRENT is missing');
  const current = await read(join(folder, 'CURRENT'));
  const manifest = /^(MANIFEST-\d+)\n$/.exec(new TextDecoder().decode(current))?.[1];
  if (manifest === undefined) throw corruptDatabase('CURRENT');
  if (!names.includes(manifest)) throw corruptDatabase('MANIFEST is missing');
  for (const name of [manifest, ...names.filter((candidate) => candidate.endsWith('.log'))]) {
    // The manifest is written in the format of the logs.
    if (findLogDamage(await read(join(folder, name))) !== undefined) throw corruptDatabase(name);
  }
}

/** Compares the length of each table with LevelDB's own list, which has a line `<number>:<bytes>[<keys>]` for each. */
async function inspectTables(folder: string, level: ClassicLevel): Promise<void> {
  const listed = () => new Map([...level.getProperty('leveldb.sstables').matchAll(/^ (\d+):(\d+)\[/gm)].map(pairOf));
  for (const [number, bytes] of listed()) {
    const name = number.padStart(6, '0');
    const sizes = await Promise.all(['ldb', 'sst'].map((suffix) => sizeOf(join(folder, `${name}.${suffix}`))));
    // Compaction runs already: a table that it has replaced meanwhile is on the list no more.
    if (!sizes.includes(bytes) && listed().has(number)) throw corruptDatabase(`table ${name}`);
  }
}

function pairOf(match: RegExpExecArray): [string, number] {
  return [match[1] ?? '', Number(match[2])];
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch {
    return undefined;
  }
}

async function read(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const systemCode = (cause as NodeJS.ErrnoException).code ?? 'UNKNOWN';
    throw new StorageError({ code: 'DATABASE_UNREADABLE', systemCode }, 'check the folder and its rights', { cause });
  }
}
