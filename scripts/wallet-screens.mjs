/** Takes pictures of every screen of the patient's app into `docs/screens/wallet`: phone and desktop, light and dark, each language. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../docs/screens/wallet', import.meta.url));
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const { status } = spawnSync(
  'npx',
  ['vitest', 'run', '--root', 'tests/e2e', 'test/wallet.test.ts', '--testNamePattern', 'PW-16'],
  { stdio: 'inherit', env: { ...process.env, CI: 'true', WALLET_SCREENS: folder } },
);
// Sixty-four colours show the same and are a third of the size; Debian's pngquant.
const pictures = readdirSync(folder).map((name) => join(folder, name));
const smaller = spawnSync('pngquant', ['--strip', '--skip-if-larger', '--ext', '.png', '--force', '64', ...pictures], {
  stdio: 'inherit',
});
if (smaller.error !== undefined) console.error('the pictures stay large: install pngquant and take them again');
process.exitCode = status ?? 1;
