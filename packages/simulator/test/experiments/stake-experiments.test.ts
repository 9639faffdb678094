import { expect, test, vi } from 'vitest';
import { runExperiment } from '../../src/experiments/experiment.js';
import { runGrinding } from '../../src/experiments/grinding-experiment.js';
import type { GrindingScenarioFile } from '../../src/experiments/grinding-scenario.js';
import { runInflation } from '../../src/experiments/inflation-experiment.js';
import type { InflationScenarioFile } from '../../src/experiments/inflation-scenario.js';
import { parseScenario } from '../../src/experiments/scenario-file.js';
import { shippedScenario } from '../../src/experiments/shipped.js';

vi.setConfig({ testTimeout: 60_000 });

const inflation = shippedScenario('stake-inflation') as InflationScenarioFile;
const grinding = { ...shippedScenario('seed-grinding'), stakePercents: [5, 40], epochs: 30 } as GrindingScenarioFile;

test('raw stake is taken in weeks, guarded stake holds, attested stake does not move', () => {
  const [raw, guarded, attested] = runInflation(inflation).policies;
  expect(raw).toMatchObject({ policy: 'raw', daysToThird: expect.any(Number) });
  expect((raw?.daysToThird ?? 0) - inflation.faker.fromDay).toBeLessThan(60);
  expect(guarded?.fakerShare.at(-1)).toBeLessThan(raw?.fakerShare.at(-1) ?? 0);
  expect(attested?.fakerShare.at(-1)).toBeLessThan(0.01);
  expect(raw?.fakerShare).toHaveLength(inflation.days);
});

test('a larger adversary chooses among more seeds', () => {
  const { runs } = runGrinding({ ...grinding, stakePercents: [40, 5] });
  expect(runs.map(({ stakeShare }) => stakeShare)).toEqual([0.05, 0.4]);
  expect(runs[1]?.meanChoices).toBeGreaterThan(runs[0]?.meanChoices ?? 0);
  expect(runs[0]?.fairBand).toMatchObject({ low: expect.closeTo(0.047, 2), high: expect.closeTo(0.053, 2) });
});

test.each([inflation, grinding])('$kind: equal seeds give equal figures', (scenario) => {
  const text = (): string => JSON.stringify(runExperiment(scenario, { modules: {} }).figures);
  expect(text()).toBe(text());
});

test.each([
  [inflation, { policies: ['raw', 'raw'] }, 'policies: expected each name once'],
  [inflation, { policies: ['cooked'] }, 'policies[0]: '],
  [inflation, { faker: { sources: 1, studiesADay: 'many' } }, 'faker.studiesADay: expected 0 to 1000000, or "quota"'],
  [
    inflation,
    { honest: { sources: 1, studiesADay: 1, fromDay: 9, untilDay: 8 } },
    'honest.untilDay: expected at least',
  ],
  [inflation, { days: 1001 }, 'days: '],
  [grinding, { stakePercents: [50] }, 'stakePercents[0]: '],
  [grinding, { stakePercents: [5, 5] }, 'stakePercents: expected each number once'],
  [grinding, { contributingHeights: 721 }, 'contributingHeights: expected at most epochHeights, 720'],
])('wrong fields: %#', (scenario, change, message) => {
  const bytes = new TextEncoder().encode(JSON.stringify({ ...scenario, ...change }));
  expect(() => parseScenario(bytes)).toThrow(`SCENARIO_INVALID: ${message}`);
});
