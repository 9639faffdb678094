/** The command as people run it: compiled, on worker threads. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

function run(...options: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...options], (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

// Regression: the second batch of a worker never came back.
test('a sweep of several batches: the same result on one thread and on two', async () => {
  const [one, two] = await Promise.all(
    ['1', '2'].map((workers) => run('--seeds', '30', '--once', '--json', '--workers', workers)),
  );
  expect(one?.code).toBe(0);
  expect(two?.stdout).toBe(one?.stdout);
  expect(JSON.parse(one?.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({ seeds: 30, violations: 0 });
}, 60_000);

test('mutants are listed one a line, and caught', async () => {
  const { stdout } = await run('--mutants');
  expect(stdout).toBe('drop-r4\ndrop-r5\ndrop-r7\ndrop-rebase\ndrop-domain\nweak-quorum\n');
  const hunt = await run('--mutant', 'weak-quorum', '--seeds', '50');
  expect(hunt.code).toBe(0);
  expect(hunt.stdout).toMatch(/^weak-quorum: caught by seed \d+, invariant I\d+, after [\d.]+ s\n/);
}, 60_000);

test('wrong arguments: one line and exit code 2', async () => {
  for (const options of [['--seeds', 'many'], ['--unknown'], ['--mutant', 'none-such']]) {
    const { code, stdout, stderr } = await run(...options);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  }
}, 60_000);
