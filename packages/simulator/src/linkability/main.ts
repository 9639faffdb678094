/**
 * Tries to link patients and practices by what a clinic week leaves on the ledger: a table on stderr, one line of JSON on stdout.
 * `node dist/linkability/main.js [--patients 10000] [--sources 20] [--practices 200] [--seed 1]`
 */
import { parseArgs } from 'node:util';
import { MINUTE_MS } from './clinic-week.js';
import { type Linking, measureLinkability } from './measure.js';
import type { Habits } from './week-ledger.js';

const { values } = parseArgs({
  options: {
    patients: { type: 'string', default: '10000' },
    sources: { type: 'string', default: '20' },
    practices: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
  },
});
const options = {
  patients: Number(values.patients),
  sources: Number(values.sources),
  practices: Number(values.practices),
  seed: Number(values.seed),
};
if (!Object.values(options).every((value) => Number.isSafeInteger(value) && value >= 1)) {
  console.error('--patients, --sources, --practices, --seed: expected whole numbers from 1');
  process.exit(2);
}
const HOUR_MS = 60 * MINUTE_MS;
const AT_ONCE = { spreadGrantsMs: 0, spreadClaimsMs: 0, endsWithDay: true, publishEveryMs: 0 };
const GRANTS = { ...AT_ONCE, spreadGrantsMs: 12 * HOUR_MS };
const HABITS: readonly Habits[] = [
  { ...AT_ONCE, name: 'at once, exact end', endsWithDay: false },
  { ...AT_ONCE, name: 'at once' },
  { ...AT_ONCE, name: 'grants over an hour, exact end', spreadGrantsMs: HOUR_MS, endsWithDay: false },
  { ...AT_ONCE, name: 'grants over an hour', spreadGrantsMs: HOUR_MS },
  { ...AT_ONCE, name: 'grants over 10 minutes', spreadGrantsMs: 10 * MINUTE_MS },
  { ...GRANTS, name: 'grants over 12 hours' },
  {
    ...AT_ONCE,
    name: 'over 10 minutes, claims over 12 h',
    spreadGrantsMs: 10 * MINUTE_MS,
    spreadClaimsMs: 12 * HOUR_MS,
  },
  { ...GRANTS, name: 'and claims over 12 hours', spreadClaimsMs: 12 * HOUR_MS },
  { ...GRANTS, name: 'grants over 12, published hourly', publishEveryMs: HOUR_MS },
  { ...GRANTS, name: 'all three', spreadClaimsMs: 12 * HOUR_MS, publishEveryMs: HOUR_MS },
];
const percent = (share: number): string => `${(100 * share).toFixed(2)}%`.padStart(8);
const told = ({ precision, precisionOfSurest, baseline }: Linking): string =>
  `${percent(precision)} (surest 5%: ${percent(precisionOfSurest)}; lots: ${percent(baseline)})`;

const figures = [];
for (const habits of HABITS) {
  const found = await measureLinkability(options, habits);
  figures.push(found);
  console.error(`${habits.name.padEnd(33)} studies ${told(found.studies)}  shares ${told(found.shares)}`);
}
console.log(JSON.stringify({ ...options, figures }));
