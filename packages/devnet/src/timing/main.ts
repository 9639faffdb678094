/** Command line of the timing runs: `npm run timing -- --help`. Progress on stderr, the result as one line of JSON on stdout. */
import { parseArgs } from 'node:util';
import { exitWith, measureInFolder } from '../measurement.js';
import { runTimings } from './timing-run.js';

const HELP = `Times refusals of a hospital's gateway in random order, and compares them by Welch's t.

  --timings N      of all kinds together (default 1000)

Exit codes: 0 no two kinds differ (|t| at most 4.5), 1 two differ, 2 wrong arguments.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { timings: { type: 'string', default: '1000' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const timings = Number(values.timings);
  if (!Number.isInteger(timings) || timings < 100 || timings > 1_000_000) {
    console.error('--timings: expected 100 to 1000000');
    return 2;
  }
  const result = await measureInFolder('timing', (folder, tell) => runTimings({ folder, timings, tell }));
  return result.comparisons.some(({ differs }) => differs) ? 1 : 0;
}

await exitWith(main);
