// Goal: whatever happens to seven real processes and their links, what clients saw has one explanation and nothing final is lost.
// Method: half a minute of seeded faults; `npm run soak -- --only chaos` runs ten minutes.
import { fileURLToPath } from 'node:url';
import { runTool } from '@radledger/devnet';
import { expect, test } from 'vitest';

const CHAOS = fileURLToPath(import.meta.resolve('@radledger/devnet')).replace(/index\.js$/, 'chaos/main.js');
const SEED = process.env['RADLEDGER_SEED'] ?? '1';

test(`chaos, seed ${SEED}: no anomaly, and progress after each round`, async () => {
  const args = ['--seed', SEED, '--seconds', '30', '--faults', '10', '--progress-ms', '60000'];
  const { exitCode, stdout, stderr } = await runTool(CHAOS, args);
  const result = JSON.parse(stdout) as Record<string, unknown>;
  expect(result['anomalies'], stderr).toEqual([]);
  expect(exitCode, stderr).toBe(0);
  expect(result['finalized']).toBeGreaterThan(0);
  expect(result['reads']).toBeGreaterThan(0);
  expect(result['rounds']).toBeGreaterThan(0);
});
