/**
 * The patient's app in real browsers: `npm run e2e:wallet`, with `-- --json` the last line is an array of
 * `{ check: "PW-1", ok, figures }` for PW-1 to PW-16. A check that does not exist yet is not ok.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CHECKS = 16;
const folder = mkdtempSync(join(tmpdir(), 'radledger-e2e-wallet-'));
const report = join(folder, 'report.json');
try {
  const run = spawnSync(
    'npx',
    [
      'vitest',
      'run',
      '--root',
      'tests/e2e',
      'test/wallet.test.ts',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    { stdio: ['ignore', 2, 2], env: { ...process.env, CI: 'true', WALLET_READS: '100' } },
  );
  const tests = JSON.parse(readFileSync(report, 'utf8')).testResults.flatMap(
    ({ assertionResults }) => assertionResults,
  );
  const checks = Array.from({ length: CHECKS }, (_, index) => {
    const check = `PW-${index + 1}`;
    const own = tests.filter(({ title }) => title.split(' ')[0] === check);
    if (own.length === 0) return { check, ok: false, figures: { missing: true } };
    return {
      check,
      ok: own.every(({ status }) => status === 'passed'),
      figures: Object.assign({}, ...own.map(({ meta }) => meta?.figures)),
    };
  });
  if (process.argv.includes('--json')) console.log(JSON.stringify(checks));
  else
    for (const { check, ok, figures } of checks)
      console.log(`${ok ? 'ok    ' : 'not ok'} ${check} ${JSON.stringify(figures)}`);
  process.exitCode = run.status === 0 && checks.every(({ ok }) => ok) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
