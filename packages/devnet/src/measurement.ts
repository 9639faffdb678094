/** What the command lines of measurements share: progress on stderr, the result as one line of JSON on stdout. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Measures in a folder of its own, prints the result, and erases the folder. @param name - begins the folder's name */
export async function measureInFolder<T>(
  name: string,
  measure: (folder: string, tell: (line: string) => void) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), `radledger-${name}-`));
  try {
    const result = await measure(folder, (line) => console.error(line));
    console.log(JSON.stringify(result));
    return result;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Runs a command line that gives its exit code; 2 for arguments that `parseArgs` refuses, 1 for anything else that is thrown. */
export async function exitWith(main: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(error);
    process.exitCode = error instanceof TypeError && 'code' in error ? 2 : 1;
  }
}
