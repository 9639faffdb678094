/**
 * Runs the tests of every package through turbo, whose cache answers for packages that did not change, and ends with one
 * line: `N passed, N failed, N skipped`. Exits 1 when a test failed, a package gave no report, or nothing ran.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';

const run = (command, args) => spawnSync(command, args, { stdio: 'inherit' }).status === 0;

const workspaces = ['packages', 'apps', 'tests', 'examples'].flatMap((folder) =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${folder}/${entry.name}`),
);
const packages = workspaces.flatMap((folder) => {
  const manifest = readJson(`${folder}/package.json`);
  return manifest?.scripts?.test === undefined ? [] : [{ folder, name: manifest.name }];
});
for (const { folder } of packages) rmSync(`${folder}/.test-report.json`, { force: true });

// End-to-end tests come last and alone: they start whole networks, and two at once would only measure each other.
const units = run('npx', ['turbo', 'run', 'test', '--continue', '--concurrency=2', '--filter=!@radledger/e2e-tests']);
const endToEnd = run('npx', ['turbo', 'run', 'test', '--continue', '--filter=@radledger/e2e-tests']);

const total = { passed: 0, failed: 0, skipped: 0 };
for (const { folder, name } of packages) {
  const report = readJson(`${folder}/.test-report.json`);
  if (report === undefined) {
    console.error(`${name}: no test report; its tests did not finish`);
    total.failed++;
    continue;
  }
  total.passed += report.numPassedTests;
  total.failed += report.numFailedTests;
  total.skipped += report.numPendingTests + report.numTodoTests;
  for (const file of report.testResults.filter((result) => result.status === 'failed' && result.message !== '')) {
    console.error(`${name}: ${file.name.slice(file.name.indexOf(folder))}: ${file.message}`);
  }
}
const ok = units && endToEnd && total.failed === 0 && total.passed > 0;
if (!ok && total.failed === 0) total.failed = 1; // a suite that could not even be collected
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = ok ? 0 : 1;

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
