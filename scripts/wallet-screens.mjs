/** Takes pictures of every screen of the patient's app into `docs/screens/wallet`: phone and desktop, light and dark, each language. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../docs/screens/wallet', import.meta.url));
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const { status } = spawnSync(
  'npx',
  ['vitest', 'run', '--root', 'tests/e2e', 'test/wallet.test.ts', '--testNamePattern', 'PW-16'],
  { stdio: 'inherit', env: { ...process.env, CI: 'true', WALLET_SCREENS: folder } },
);
process.exitCode = status ?? 1;
