/**
 * What takes longer than CI's 20 minutes, with the same code and larger figures. Prints one line of JSON a part, ends with a summary line;
 * exit code 1 when a part failed. `npm run soak [-- --only NAME]`
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { parseArgs, stripVTControlCharacters } from 'node:util';

const SIMULATOR = 'packages/simulator/dist/main.js';
const SCENARIOS = readdirSync('packages/simulator/scenarios').map((file) => file.replace(/\.json$/, ''));
const CONSENSUS = ['simplex', 'longest-chain', 'authority', 'work'];
const node = (...args) => ({ command: process.execPath, args });
const MUTANTS = execFileSync(process.execPath, [SIMULATOR, '--mutants'], { encoding: 'utf8' }).trim().split('\n');

const PARTS = [
  { name: 'simulate', ...node(SIMULATOR, '--seeds', '5000', '--start', '1', '--json') },
  ...MUTANTS.map((mutant) => ({
    name: `mutant-${mutant}`,
    ...node(SIMULATOR, '--mutant', mutant, '--seeds', '5000', '--start', '1'),
  })),
  {
    name: 'twins',
    command: 'npx',
    args: ['vitest', 'run', '--root', 'packages/simulator', '--reporter=dot', 'test/twins.test.ts'],
    environment: { RADLEDGER_TWINS_VIEWS: '3' },
  },
  {
    name: 'partitions',
    command: 'npx',
    args: ['vitest', 'run', '--root', 'packages/simulator', '--reporter=dot', 'test/regression/partitions.test.ts'],
    environment: { RADLEDGER_PARTITIONS: '2000' },
  },
  {
    name: 'model',
    command: 'npx',
    args: ['vitest', 'run', '--root', 'packages/consensus-simplex', 'test/model'],
    environment: { RADLEDGER_MODEL_VIEWS: '5' },
  },
  {
    name: 'kill-points',
    command: 'npx',
    args: ['vitest', 'run', '--root', 'tests/e2e', 'test/kill-points.test.ts'],
    environment: { RADLEDGER_KILLS: '100' },
  },
  {
    name: 'gateway-kill-points',
    command: 'npx',
    args: ['vitest', 'run', '--root', 'tests/e2e', 'test/gateway-kill-points.test.ts'],
    environment: { RADLEDGER_GATEWAY_KILLS: '100' },
  },
  {
    name: 'chaos',
    ...node('packages/devnet/dist/chaos/main.js', '--seconds', '600', '--faults', '200', '--seed', '1'),
  },
  { name: 'transfer-1-gib', ...node('packages/devnet/dist/transfer/main.js', '--mib', '1024') },
  { name: 'transfer-8-gib', ...node('packages/devnet/dist/transfer/main.js', '--mib', '8192') },
  { name: 'refusal-timing', ...node('packages/devnet/dist/timing/main.js', '--timings', '10000') },
  { name: 'load', ...node('packages/devnet/dist/load/main.js', '--requests', '1000', '--refused', '10000') },
  {
    name: 'fuzz',
    command: 'npx',
    args: ['vitest', 'run', '--root', 'tests/fuzz'],
    environment: { RADLEDGER_FUZZ_SECONDS: '60' },
  },
  {
    name: 'griefing',
    command: 'npx',
    args: ['vitest', 'run', '--root', 'packages/ledger', 'test/griefing.test.ts'],
    environment: { RADLEDGER_GRIEFING_SECONDS: '120' },
  },
  { name: 'selection', ...node('packages/simulator/dist/selection/main.js', '--draws', '1000000', '--epochs', '4000') },
  { name: 'linkability', ...node('packages/simulator/dist/linkability/main.js', '--patients', '10000', '--seed', '1') },
  { name: 'join', ...node('scripts/bench.mjs', '--only', 'join', '--large', '--json') },
  {
    name: 'mutated-proofs',
    command: 'npx',
    args: ['vitest', 'run', '--root', 'packages/ledger', 'test/light-client.test.ts'],
    environment: { RADLEDGER_MUTATIONS: '10000' },
  },
  {
    name: 'light-client',
    command: 'npx',
    args: ['vitest', 'run', '--root', 'tests/interop', 'test/light-client-browser.test.ts'],
    environment: { RADLEDGER_LIGHT_BOUNDARIES: '1680', RADLEDGER_LIGHT_GRANTS: '100000' },
  },
  {
    name: 'light-client-modules',
    command: 'npx',
    args: ['vitest', 'run', '--root', 'tests/e2e', 'test/light-client-modules.test.ts'],
    environment: { RADLEDGER_LIGHT_MODULES: 'longest-chain,authority,work' },
  },
  ...['600x512x512', '8x4000x3000'].map((study) => ({
    name: `viewer-${study}`,
    command: 'npx',
    args: ['vitest', 'run', '--root', 'tests/e2e', 'test/wallet.test.ts', '-t', 'in bounded memory'],
    environment: { RADLEDGER_VIEWER: study },
  })),
  ...CONSENSUS.map((consensus) => ({
    name: `demo-${consensus}`,
    ...node('packages/devnet/dist/main.js', 'demo', '--consensus', consensus),
  })),
  ...SCENARIOS.map((scenario) => ({
    name: `experiment-${scenario}`,
    ...node('apps/cli/dist/main.js', 'simulate', scenario, '--json'),
  })),
  { name: 'bench', ...node('scripts/bench.mjs', '--json') },
];

/** The last line that is JSON (a test runner prints its summary after it), else the last line. */
function figuresOf(stdout) {
  const lines = stripVTControlCharacters(stdout).trim().split('\n');
  return lines.findLast((line) => /^[{[].*[}\]]$/.test(line)) ?? lines.at(-1);
}

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const chosen = PARTS.filter(({ name }) => values.only === undefined || name === values.only);
if (chosen.length === 0) {
  console.error(`no part is named ${values.only}: choose one of ${PARTS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
let failed = 0;
for (const { name, command, args, environment = {} } of chosen) {
  const started = performance.now();
  const { status, stdout } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
    maxBuffer: 64 * 1024 * 1024,
  });
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  if (status !== 0) failed++;
  console.log(JSON.stringify({ part: name, ok: status === 0, seconds, lastLine: figuresOf(stdout) }));
}
console.log(JSON.stringify({ parts: chosen.length, failed }));
process.exitCode = failed === 0 ? 0 : 1;
