/** spin explores every state of safety.pml: none breaks a lemma, and without any one of the rules some do. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const MODEL = fileURLToPath(new URL('safety.pml', import.meta.url));
/** On a laptop without spin or a C compiler the tests are skipped and counted; in CI that fails. */
const isMissing = !(existsSync('/usr/bin/spin') && existsSync('/usr/bin/gcc')) && process.env['CI'] === undefined;
/** Larger in `npm run soak`. */
const VIEWS = Number(process.env['RADLEDGER_MODEL_VIEWS'] ?? '4');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'radledger-model-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Errors that the exploration found, whether it was complete, and how many states there are. */
function explore(defines: readonly string[], optimise = '-O1'): { errors: number; states: number; truncated: boolean } {
  const run = (command: string, args: readonly string[]): string =>
    execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  run('/usr/bin/spin', ['-a', ...defines.map((define) => `-D${define}`), MODEL]);
  run('/usr/bin/gcc', [optimise, '-w', '-DSAFETY', '-DCOLLAPSE', '-o', 'pan', 'pan.c']);
  const report = run('./pan', ['-m1000000']);
  return {
    errors: Number(/errors: (\d+)/.exec(report)?.[1]),
    states: Number(/(\d+)\s+states, stored/.exec(report)?.[1]),
    truncated: /max search depth too small|out of memory|Search not completed/.test(report),
  };
}

describe.skipIf(isMissing)('the Promela model', () => {
  test.each([
    { name: `${VIEWS} views, one after the other`, defines: [`VIEWS=${VIEWS}`], statesMin: 500_000 },
    { name: '2 views, votes in any order', defines: ['VIEWS=2', 'FREE'], statesMin: 200_000 },
  ])(
    'is exhausted without error: $name',
    ({ defines, statesMin }) => {
      const { errors, states, truncated } = explore(defines);
      expect({ errors, truncated }).toEqual({ errors: 0, truncated: false });
      expect(states).toBeGreaterThan(statesMin);
    },
    3_600_000,
  );

  test.each(['DROP_R4', 'DROP_R5', 'DROP_R7', 'DROP_JUSTIFICATION', 'QUORUM=2'])(
    'fails with %s',
    (define) => expect(explore(['VIEWS=3', define], '-O0').errors).toBeGreaterThan(0),
    60_000,
  );
});
