/** Command line of the sweeps: `npm run simulate -- --help`. Results on stdout, progress on stderr. */
import { parseArgs } from 'node:util';
import type { ModulePlug } from './module-plug.js';
import { PLUGS } from './plugs.js';
import { runSeed } from './run-seed.js';
import { sweep } from './sweep.js';

const HELP = `Simulates a consensus module from seeds: delays, losses, partitions, crashes, bad clocks and disks, liars.

  --start N      first seed (default 1)
  --seeds N      how many (default 200)
  --json         last line: { "seeds", "violations", "traces", "finalized", "faults" }
  --module NAME  one of ${PLUGS.map(({ name }) => name).join(', ')} (default ${(PLUGS[0] as ModulePlug).name})
  --once         run each seed once; otherwise twice, and the trace hashes must be equal
  --workers N    threads (default 2)
  --mutants      print the names of the mutants, one a line
  --mutant NAME  run the mutant until an invariant notices; exit 0 when it does, 1 when not

Exit codes: 0 as hoped, 1 a violation (or a mutant that nobody noticed), 2 wrong arguments.`;

/** Progress is no safety rule: a mutant counts as noticed only by an invariant that forbids what it did. */
const SAFETY = /^(I(?!16$)\d+|no-crash)$/;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      start: { type: 'string', default: '1' },
      seeds: { type: 'string', default: '200' },
      workers: { type: 'string', default: '2' },
      json: { type: 'boolean', default: false },
      module: { type: 'string', default: (PLUGS[0] as ModulePlug).name },
      once: { type: 'boolean', default: false },
      mutants: { type: 'boolean', default: false },
      mutant: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return print(HELP);
  const plug = PLUGS.find(({ name }) => name === values.module);
  if (plug === undefined) throw new UsageError(`--module: expected one of ${PLUGS.map(({ name }) => name).join(', ')}`);
  if (values.mutants) return print(plug.mutants.map(({ name }) => name).join('\n'));
  const start = integer('--start', values.start, 0, 0x7fffffff);
  const seeds = integer('--seeds', values.seeds, 1, 10_000_000);
  const workers = integer('--workers', values.workers, 1, 64);
  if (values.mutant !== undefined) return hunt(plug, values.mutant, { start, seeds });
  const startedMs = performance.now();
  const result = await sweep({
    module: plug.name,
    start,
    seeds,
    workers,
    twice: !values.once,
    progress: progressTo(seeds),
  });
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  process.stderr.write(`\r${result.seeds} seeds in ${seconds} s, ${result.violations.length} violations\n`);
  for (const { seed, violation } of result.violations.slice(0, 10)) {
    print(
      `seed ${seed}: ${violation?.message}\nreplay: npm run simulate -- --module ${plug.name} --start ${seed} --seeds 1`,
    );
  }
  const { traces, finalized, faults } = result;
  const summary = { seeds: result.seeds, violations: result.violations.length, traces, finalized, faults };
  if (values.json) print(JSON.stringify(summary));
  else
    print(
      Object.entries(summary)
        .map(([name, value]) => `${name.padEnd(10)} ${value}`)
        .join('\n'),
    );
  return result.violations.length === 0 ? 0 : 1;
}

function hunt(plug: ModulePlug, mutant: string, range: { readonly start: number; readonly seeds: number }): number {
  if (!plug.mutants.some(({ name }) => name === mutant))
    throw new UsageError(`--mutant: expected one of ${plug.mutants.map(({ name }) => name).join(', ')}`);
  const startedMs = performance.now();
  // One seed after the other: the first that notices is the one to print, whatever the number of threads.
  for (let seed = range.start; seed < range.start + range.seeds; seed++) {
    const { violation } = runSeed(plug, seed, mutant);
    if (violation === undefined || !SAFETY.test(violation.invariant)) continue;
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    print(
      `${mutant}: caught by seed ${seed}, invariant ${violation.invariant}, after ${seconds} s\n${violation.message}`,
    );
    return 0;
  }
  print(`${mutant}: not caught by seeds ${range.start} to ${range.start + range.seeds - 1}`);
  return 1;
}

class UsageError extends Error {}

function integer(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) throw new UsageError(`${name}: expected ${min} to ${max}`);
  return value;
}

function progressTo(seeds: number): (done: number) => void {
  return (done) => void (process.stderr.isTTY && process.stderr.write(`\r${done}/${seeds}`));
}

function print(text: string): 0 {
  process.stdout.write(`${text}\n`);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  const usage = error instanceof UsageError || (error instanceof TypeError && 'code' in error);
  process.stderr.write(`${usage ? (error).message : (error as Error).stack}\n`);
  process.exitCode = 2;
}
