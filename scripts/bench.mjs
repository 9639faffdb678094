/**
 * Runs the benchmarks and prints one table: figure, floor, ratio, target. Figures are of this machine at this moment.
 *   npm run bench [-- --only NAME] [--json] [--small | --large]
 * `--json` writes as its last line an array of { name, figure, unit, floor, floorName, ratio, target }; `--small` runs the same code on
 * small sizes, to see that it works; `--large` on sizes for a soak, where a benchmark has them.
 */
import { rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const BENCHMARKS = [
  { name: 'verify', file: 'packages/primitives/bench/verify.ts', small: { count: 200 } },
  { name: 'replay', file: 'packages/ledger/bench/replay.ts', small: { batches: 1, perBlock: 100, rounds: 1 } },
  {
    name: 'join',
    file: 'packages/ledger/bench/join.ts',
    small: { blocks: 30, epochHeights: 10 },
    large: { blocks: 100_000 },
  },
  { name: 'submit-to-finalized', file: 'packages/ledger/bench/submit-to-finalized.ts', small: { count: 5 } },
  {
    name: 'iti43-transfer',
    file: 'packages/iti43/bench/iti43-transfer.ts',
    small: { bytes: 8 * 1024 ** 2, rounds: 1 },
  },
];

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    json: { type: 'boolean' },
    small: { type: 'boolean' },
    large: { type: 'boolean' },
  },
});
const chosen = BENCHMARKS.filter(({ name }) => values.only === undefined || name === values.only);
if (chosen.length === 0) {
  console.error(`no benchmark is named ${values.only}: choose one of ${BENCHMARKS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const results = [];
for (const { name, file, small, large = {} } of chosen) {
  if (!values.json) console.error(`running ${name} ...`);
  const { run } = await load(name, file);
  results.push(await run(values.small ? small : values.large ? large : {}));
}
if (values.json) console.log(JSON.stringify(results));
else console.table(Object.fromEntries(results.map((result) => [result.name, row(result)])));

/** Compiled next to its package, so that its imports resolve as the package's own do. */
async function load(name, file) {
  const outfile = resolve(dirname(file), '..', 'dist', `bench-${name}-${process.pid}.mjs`);
  await build({ entryPoints: [file], outfile, bundle: true, packages: 'external', platform: 'node', format: 'esm' });
  try {
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(outfile);
  }
}

function row({ figure, unit, floor, floorName, ratio, target }) {
  return {
    figure: `${round(figure)} ${unit}`,
    floor: floor === null ? '-' : `${round(floor)} ${floorName}`,
    ratio: ratio === null ? '-' : round(ratio),
    target,
  };
}

function round(value) {
  return value >= 100 ? Math.round(value).toLocaleString('en') : Number(value.toPrecision(3));
}
