/** Packs every public library and checks the packed files: publint for the manifest, are-the-types-wrong for its types. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const target = mkdtempSync(join(tmpdir(), 'radledger-pack-'));
let failed = 0;
try {
  for (const entry of readdirSync('packages')) {
    const manifest = JSON.parse(readFileSync(`packages/${entry}/package.json`, 'utf8'));
    if (manifest.private === true) continue;
    const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', target], {
      cwd: `packages/${entry}`,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const tarball = join(target, firstPacked(JSON.parse(packed)).filename);
    for (const [tool, args] of [
      ['publint', ['--strict', tarball]],
      ['attw', ['--profile', 'esm-only', '--format', 'ascii', tarball]],
    ]) {
      const { status, stdout, stderr } = spawnSync('npx', [tool, ...args], { encoding: 'utf8' });
      if (status !== 0) {
        failed++;
        console.error(`${manifest.name}: ${tool}\n${stdout}${stderr}`);
      }
    }
  }
} finally {
  rmSync(target, { recursive: true });
}
console.log(
  failed === 0 ? 'packed files: publint and are-the-types-wrong agree' : `packed files: ${failed} checks failed`,
);
process.exitCode = failed === 0 ? 0 : 1;

/** npm 10 prints an array, npm 11 an object keyed by name. */
function firstPacked(report) {
  return Array.isArray(report) ? report[0] : Object.values(report)[0];
}
