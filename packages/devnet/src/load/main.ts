/** Command line of the load runs: `npm run load -- --help`. Progress on stderr, the result as one line of JSON on stdout. */
import { parseArgs } from 'node:util';
import { exitWith, measureInFolder } from '../measurement.js';
import { runLoad } from './load-run.js';

const HELP = `Loads a hospital's gateway with signed requests for a small study, and with requests that it must refuse.

  --requests N     entitled requests, all at once (default 100)
  --refused N      requests to refuse: bad signatures, replays, strangers, a twentieth with a
                   thousand documents (default 600)

Exit codes: 0 every entitled request was served and no other, 1 not so, 2 wrong arguments.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: '100' },
      refused: { type: 'string', default: '600' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const [requests, refused] = [Number(values.requests), Number(values.refused)];
  if (![requests, refused].every((count) => Number.isInteger(count) && count >= 1 && count <= 100_000)) {
    console.error('--requests and --refused: expected 1 to 100000');
    return 2;
  }
  const result = await measureInFolder('load', (folder, tell) => runLoad({ folder, requests, refused, tell }));
  return result.failures.length === 0 ? 0 : 1;
}

await exitWith(main);
