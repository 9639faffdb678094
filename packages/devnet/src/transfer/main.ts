/** Command line of the transfer runs: `npm run transfer -- --help`. Progress on stderr, the result as one line of JSON on stdout. */
import { parseArgs } from 'node:util';
import { exitWith, measureInFolder } from '../measurement.js';
import { runTransfer } from './transfer-run.js';

const HELP = `Sends a large study from gateway to gateway, and beside a bare HTTPS stream of the same files.

  --mib N          size of the study (default 256); four times that must be free on the disk
  --rounds N       alternating runs of each way (default 5)
  --growth-mib N   most that either gateway may need above what a study of 64 MiB needed (default 64)
  --read-part N    most of the study that may be read when its first byte arrives (default 0.05)

Exit codes: 0 memory and first byte within these bounds, 1 not so, 2 wrong arguments. Rates are told, not judged.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      mib: { type: 'string', default: '256' },
      rounds: { type: 'string', default: '5' },
      'growth-mib': { type: 'string', default: '64' },
      'read-part': { type: 'string', default: '0.05' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const [mib, rounds] = [Number(values.mib), Number(values.rounds)];
  const [growthMax, readMax] = [Number(values['growth-mib']), Number(values['read-part'])];
  const isWhole = [mib, rounds].every((count) => Number.isInteger(count) && count >= 1 && count <= 65_536);
  if (!isWhole || !(growthMax > 0) || !(readMax > 0)) {
    console.error('--mib and --rounds: expected 1 to 65536; the bounds: numbers above 0');
    return 2;
  }
  const result = await measureInFolder('transfer', (folder, tell) =>
    runTransfer({ folder, bytes: mib * 1024 * 1024, rounds, tell }),
  );
  const { hospital, practice, readAtFirstByte } = result;
  const isFlat = [hospital, practice].every(({ growthMiB }) => growthMiB <= growthMax);
  return isFlat && readAtFirstByte <= readMax ? 0 : 1;
}

await exitWith(main);
