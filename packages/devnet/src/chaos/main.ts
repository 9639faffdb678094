/** Command line of the chaos runs: `npm run chaos -- --help`. Progress on stderr, the result as one line of JSON on stdout. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runChaos } from './chaos-run.js';

const HELP = `Kills, stops, partitions and delays real node processes while clients write, then judges what they saw.

  --seed N         decides faults and clients (default 1)
  --nodes N        processes, 4 to 16 (default 7)
  --seconds N      rounds of faults begin for this long (default 30)
  --faults N       and until this many were made (default 1)
  --progress-ms N  longest wait for new blocks on every node after a round (default 10000)
  --keep           keep databases and logs, and say where

Exit codes: 0 no anomaly, 1 an anomaly, 2 wrong arguments.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      nodes: { type: 'string', default: '7' },
      seconds: { type: 'string', default: '30' },
      faults: { type: 'string', default: '1' },
      'progress-ms': { type: 'string', default: '10000' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const options = {
    seed: integer('--seed', values.seed, 0, 0x7fffffff),
    nodes: integer('--nodes', values.nodes, 4, 16),
    seconds: integer('--seconds', values.seconds, 1, 86_400),
    faults: integer('--faults', values.faults, 1, 1_000_000),
    progressMsMax: integer('--progress-ms', values['progress-ms'], 100, 600_000),
  };
  const folder = await mkdtemp(join(tmpdir(), 'radledger-chaos-'));
  try {
    const result = await runChaos({ ...options, folder, tell: (line) => console.error(line) });
    console.log(JSON.stringify(result));
    return result.anomalies.length === 0 ? 0 : 1;
  } finally {
    if (values.keep) console.error(`databases and logs: ${folder}`);
    else await rm(folder, { recursive: true });
  }
}

class UsageError extends Error {}

function integer(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) throw new UsageError(`${name}: expected ${min} to ${max}`);
  return value;
}

try {
  process.exitCode = await main();
} catch (error) {
  const usage = error instanceof UsageError || (error instanceof TypeError && 'code' in error);
  console.error(usage ? error.message : error);
  process.exitCode = usage ? 2 : 1;
}
