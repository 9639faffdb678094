/** Goal: an observer of the ledger who links better than by lots is measured as such, and cover makes him worse. 10,000 patients: npm run soak -- --only linkability. */
import { expect, test } from 'vitest';
import { drawClinicWeek, type Habits, measureLinkability } from '../../src/linkability/index.js';

const WEEK = { patients: 200, sources: 4, practices: 20, seed: 1 };
const HOURS_12 = 12 * 3_600_000;
const bare: Habits = { name: 'bare', spreadGrantsMs: 0, spreadClaimsMs: 0, endsWithDay: false, publishEveryMs: 0 };
const covered: Habits = {
  name: 'covered',
  spreadGrantsMs: HOURS_12,
  spreadClaimsMs: HOURS_12,
  endsWithDay: true,
  publishEveryMs: HOURS_12,
};

test('studies and grants of one sitting are linked when nothing hides them, and hardly when all is spread', async () => {
  const [open, hidden] = [await measureLinkability(WEEK, bare), await measureLinkability(WEEK, covered)];
  expect(open.studies.precision).toBeGreaterThan(0.8);
  expect(open.shares.precision).toBeGreaterThan(0.5);
  expect(hidden.studies.precision).toBeLessThan(open.studies.precision / 2);
  expect(hidden.shares.precision).toBeLessThan(open.shares.precision);
  for (const { studies, shares } of [open, hidden]) {
    for (const { precision, precisionOfSurest, baseline } of [studies, shares]) {
      expect(precision).toBeGreaterThan(baseline);
      expect(precisionOfSurest).toBeGreaterThanOrEqual(precision);
    }
  }
}, 60_000);

test('equal options give equal figures', async () => {
  const options = { ...WEEK, patients: 40 };
  expect(await measureLinkability(options, covered)).toEqual(await measureLinkability(options, covered));
}, 60_000);

test('a week holds what it says: sittings follow their studies, and stops their grants', () => {
  const { studies, shares, stops } = drawClinicWeek(WEEK);
  expect(new Set(studies.map(({ patient }) => patient)).size).toBe(WEEK.patients);
  expect(stops.length).toBeGreaterThan(0);
  for (const { study, tappedMs } of shares) expect(tappedMs).toBeGreaterThan(studies[study]!.claimedMs);
  for (const { share, tappedMs } of stops) expect(tappedMs).toBeGreaterThan(shares[share]!.tappedMs);
});
