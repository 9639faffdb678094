import { z } from 'zod';
import { checkStake, common, invalid, stake, text, whole } from './scenario-fields.js';

const DAY_MS = 86_400_000;
const percent = whole(1, 100);
const moduleName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'expected a module name: lower-case letters, digits and -');

/** Whom a fault befalls: drawn by the seed up to a share, or named by number. */
const who = z.union(
  [
    z.strictObject({ percentOfStake: percent }),
    z.strictObject({ percentOfSources: percent }),
    z.strictObject({ numbers: z.array(whole(0, 127)).min(1).max(128) }),
  ],
  {
    error:
      'expected { "percentOfStake": 1 to 100 }, { "percentOfSources": 1 to 100 } or { "numbers": [0 to 127, ...] }',
  },
);
const atMs = whole(0, DAY_MS);
const forMs = whole(1, DAY_MS);

const fault = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('crash'), who, atMs, forMs: forMs.optional() }),
  z.strictObject({ kind: z.literal('silent'), who, atMs, forMs: forMs.optional() }),
  z.strictObject({ kind: z.literal('partition'), who, atMs, forMs }),
]);

const delays = z.discriminatedUnion('model', [
  z.strictObject({ model: z.literal('uniform'), minMs: whole(0, 10_000), maxMs: whole(0, 10_000) }),
  z.strictObject({
    model: z.literal('matrix'),
    regions: z.array(text(40)).min(1).max(32),
    oneWayMs: z.array(z.array(whole(0, 10_000)).max(32)).max(32),
    jitterMs: whole(0, 10_000),
  }),
]);

/** Consensus among simulated nodes. Format and limits: docs/spec/scenario.md, section 3. */
export const networkSchema = z.strictObject({
  ...common,
  kind: z.literal('network'),
  modules: z.array(moduleName).min(1).max(8),
  settings: z
    .record(moduleName, z.record(z.string().regex(/^[a-z][A-Za-z0-9]{0,31}$/), whole(0, Number.MAX_SAFE_INTEGER)))
    .default({}),
  sources: whole(1, 128),
  stake,
  heights: whole(1, 10_000),
  timeLimitMs: whole(1_000, DAY_MS),
  timing: z
    .strictObject({
      targetIntervalMs: whole(10, 600_000).default(2_000),
      minimumIntervalMs: whole(0, 600_000).default(0),
      assumedDelayMs: whole(1, 60_000).default(500),
      epochHeights: whole(3, 100_000).default(720),
    })
    .prefault({}),
  delays,
  lossPercent: whole(0, 50).default(0),
  /** Sending rate of each source over all its links; left out: no bound. */
  bandwidthMbit: whole(1, 100_000).optional(),
  /** Clocks are drawn between right and so much ahead. */
  clockSkewMs: whole(0, 60_000).default(0),
  load: z
    .strictObject({ perSecond: z.number().min(0).max(1_000), bytes: whole(16, 65_536) })
    .default({ perSecond: 0, bytes: 250 }),
  faults: z.array(fault).max(50).default([]),
});

export type NetworkScenario = z.output<typeof networkSchema>;
export type ScenarioFault = z.output<typeof fault>;
export type Who = z.output<typeof who>;

/** What no single field can say. @throws {ExperimentError} `SCENARIO_INVALID` */
export function checkNetwork(scenario: NetworkScenario): void {
  checkStake(scenario.stake, scenario.sources);
  const { delays: model, modules, settings, faults, sources, timing } = scenario;
  if (new Set(modules).size !== modules.length) throw invalid('modules', 'expected each name once');
  for (const name of Object.keys(settings)) {
    if (!modules.includes(name)) throw invalid('settings', `expected only names that are in "modules"`);
  }
  if (timing.minimumIntervalMs > timing.targetIntervalMs) {
    throw invalid('timing.minimumIntervalMs', `expected at most targetIntervalMs, ${timing.targetIntervalMs}`);
  }
  if (model.model === 'uniform' && model.minMs > model.maxMs) {
    throw invalid('delays.minMs', `expected at most maxMs, ${model.maxMs}`);
  }
  if (model.model === 'matrix') {
    const { regions, oneWayMs } = model;
    if (oneWayMs.length !== regions.length || oneWayMs.some((row) => row.length !== regions.length)) {
      throw invalid('delays.oneWayMs', `expected ${regions.length} rows of ${regions.length} numbers, one a region`);
    }
  }
  for (const [index, { who: whom }] of faults.entries()) {
    if ('numbers' in whom && whom.numbers.some((number) => number >= sources)) {
      throw invalid(`faults[${index}].who.numbers`, `expected numbers below "sources", ${sources}`);
    }
  }
  const cuts = faults.filter((one) => one.kind === 'partition').sort((a, b) => a.atMs - b.atMs);
  for (const [index, cut] of cuts.entries()) {
    const before = cuts[index - 1];
    if (before !== undefined && before.atMs + before.forMs > cut.atMs) {
      throw invalid('faults', 'expected each partition to end before the next begins');
    }
  }
}
