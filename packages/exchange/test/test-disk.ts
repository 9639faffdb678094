/** A disk that is full: the system refuses to make any file of this process larger, as it refuses where there is no room. */
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach } from 'vitest';

export function limitFiles(bytesMax: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytesMax}:`]);
}

/** To be called beside the tests that limit files: lifts the limit after each. */
export function liftLimitAfterEach(): void {
  // The signal that comes with the refusal would end the process.
  const survive = (): void => undefined;
  beforeEach(() => void process.on('SIGXFSZ', survive));
  afterEach(() => {
    limitFiles('unlimited');
    process.off('SIGXFSZ', survive);
  });
}
