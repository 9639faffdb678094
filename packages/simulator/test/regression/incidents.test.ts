/**
 * What happened to others, as scenarios: each says what the incident was, with its source, and what must hold here instead.
 * Simplex' own unit tests hold further ones: fetch-amplification, justification-storms, lost-certificates.
 */
import { DEFAULT_PARAMETERS } from '@radledger/chain';
import { decodeMessage, statementOf, type Vote } from '@radledger/consensus-simplex';
import { expect, test } from 'vitest';
import { quietScenario, type Scenario } from '../../src/scenario.js';
import { type SimulationOptions, type SimulationResult, simulate } from '../../src/simulation.js';
import { simplexPlug } from '../../src/simplex/plug.js';

const { module, watchers, behaviours } = simplexPlug;
const PARAMETERS = {
  ...DEFAULT_PARAMETERS,
  epochHeights: 12,
  targetIntervalMs: 200,
  minimumIntervalMs: 0,
  assumedDelayMs: 50,
  clockPrecisionMs: 50,
};
const FOUR = [1000n, 1000n, 1000n, 1000n];

function run(changes: Partial<Scenario>, passes?: SimulationOptions['passes'], seed = 1): SimulationResult {
  const scenario = quietScenario({ weights: FOUR, parameters: PARAMETERS, ...changes });
  return simulate({ seed, module, watchers, behaviours, scenario, ...(passes && { passes }) });
}

/** Duty events of the honest whose class is not PRODUCED. */
function notProduced({ figures }: SimulationResult, honest: readonly number[]): number {
  return honest.reduce((sum, node) => {
    const { PRODUCED: _, ...rest } = figures.dutiesByNode[node] ?? {};
    return sum + Object.values(rest).reduce((all, count) => all + count, 0);
  }, 0);
}

/** The vote or certified statement of a message. */
function statementIn(bytes: Uint8Array): Vote | undefined {
  const message = decodeMessage(bytes, PARAMETERS.blockBytesMax);
  if (message.type === 'vote') return message.signed.vote;
  return message.type === 'certificate' ? statementOf(message.certificate) : undefined;
}

// cometbft/cometbft#4461: with stakes of exactly 2/3 and 1/3 a chain stood still; the larger validator alone was no quorum.
test('exactly two thirds: the chain waits, and goes on by itself when the other third is back', () => {
  const weights = [2000n, 1000n];
  const faults = [{ atMs: 1_000, kind: 'crash', node: 1, downMs: 9_000, portCalls: 0 }] as const;
  const { violation, figures, finalized } = run({
    weights,
    faults,
    ending: { kind: 'height', height: 20, withinMs: 60_000 },
  });
  expect(violation).toBeUndefined();
  expect(finalized).toBeGreaterThanOrEqual(20);
  expect(figures.blocks.filter(({ firstFinalMs }) => firstFinalMs > 1_100 && firstFinalMs < 10_000)).toEqual([]);
});

// commonwarexyz/monorepo#2695: three notarize, two see the notarization and go on, two time out and give the view up; neither
// certificate forms for the others. #1102, #2137, #2192, #4332 and anza-xyz/agave#13638 are kin: halves of the network hold
// different certificates, and what a proposal rests on cannot be had.
test.each([
  { lost: 'notarize', by: [2, 3] },
  { lost: 'nullify', by: [0, 1] },
  { lost: 'finalize', by: [0, 3] },
] as const)('$lost votes and certificates never reach half of the nodes for two seconds', ({ lost, by }) => {
  for (let seed = 1; seed <= 4; seed++) {
    const { violation, figures, finalized } = run(
      { links: { lossPercent: 0, duplicatePercent: 0, delayMsMin: 1, delayMsMax: 45, slowPercent: 10 } },
      ({ atMs, to, bytes }) =>
        atMs > 2_000 || !(by as readonly number[]).includes(to) || statementIn(bytes)?.kind !== lost,
      seed,
    );
    expect(violation).toBeUndefined();
    expect(finalized).toBeGreaterThanOrEqual(10);
    expect(figures.blocks.at(-1)?.firstFinalMs).toBeLessThan(10_000);
  }
});

// ava-labs/Simplex#568: accusations without evidence, with one timeout, put an honest node on the list of those who may not lead.
test('a liar that calls every leader silent takes nobody a turn', () => {
  const ending = { kind: 'height', height: 40, withinMs: 60_000 } as const;
  const result = run({ byzantine: [3], behaviours: ['frames-leaders', 'false-reasons'], ending });
  expect(result.violation).toBeUndefined();
  expect(notProduced(result, [0, 1, 2])).toBe(0);
});

// Tail-forking in chained HotStuff (Giridharan et al., "BeeGees", PODC 2023): the next leader drops the last honest block, so
// that an honest leader looks absent.
test('a leader that builds beside the last block cannot take an honest block out of the chain', () => {
  const ending = { kind: 'height', height: 40, withinMs: 60_000 } as const;
  for (const seed of [1, 2, 3]) {
    const result = run(
      { byzantine: [3], behaviours: ['stale-parents', 'omits-nullifications'], ending },
      undefined,
      seed,
    );
    expect(result.violation).toBeUndefined();
    expect(notProduced(result, [0, 1, 2])).toBe(0);
  }
});

// Medalla, 14 August 2020: six time servers gave wrong times, most nodes followed them by hours and made blocks and votes for
// slots to come (medium.com/prysmatic-labs/eth2-medalla-testnet-incident-f7fbc3cc934a).
test('half of the clocks run four hours ahead for a while: no block of that time, and the chain goes on after', () => {
  const byMs = 4 * 3_600_000;
  const faults = [0, 1].map((node) => ({ atMs: 1_000, kind: 'clock', node, byMs, forMs: 4_000 }) as const);
  const { violation, figures, finalized } = run({ faults, ending: { kind: 'height', height: 20, withinMs: 120_000 } });
  expect(violation).toBeUndefined();
  expect(finalized).toBeGreaterThanOrEqual(20);
  for (const { timestampMs, firstFinalMs } of figures.blocks) expect(timestampMs).toBeLessThan(firstFinalMs + 50);
});

// A small chain whose committee shrank to whoever was live: one node with other code went on alone for a day (asentum devlog).
test('a node cut off alone makes nothing final, and follows the others afterwards', () => {
  const faults = [{ atMs: 1_000, kind: 'partition', sides: [0, 1, 1, 1], oneWay: false, forMs: 8_000 }] as const;
  const finalAlone: number[] = [];
  const scenario = quietScenario({
    weights: FOUR,
    parameters: PARAMETERS,
    faults,
    ending: { kind: 'height', height: 60, withinMs: 60_000 },
  });
  const { violation, finalized } = simulate({
    seed: 1,
    module,
    scenario,
    watchers: [
      ...watchers,
      (context) => ({
        finalizing: (node) => {
          if (node === 0 && context.now() > 1_100 && context.now() < 9_000) finalAlone.push(context.now());
        },
      }),
    ],
  });
  expect(violation).toBeUndefined();
  expect(finalAlone).toEqual([]);
  expect(finalized).toBeGreaterThanOrEqual(60);
});

// commonwarexyz/monorepo#3985: small requests for certificates drew answers many times their size.
test('questions of a liar do not multiply what the honest send', () => {
  const ending = { kind: 'height', height: 30, withinMs: 60_000 } as const;
  const quiet = run({ byzantine: [3], ending });
  const asked = run({ byzantine: [3], behaviours: ['fetch-amplification'], ending });
  expect(asked.violation).toBeUndefined();
  expect(asked.figures.bytesSent).toBeLessThan(8 * quiet.figures.bytesSent);
});

// Found by this simulator: blocks that peers held on disk only, after every node had stopped, were never fetched again.
test('every node stops at a moment of its own: all of them catch up', () => {
  const faults = [0, 1, 2, 3].map(
    (node) => ({ atMs: 900 + 350 * node, kind: 'crash', node, downMs: 1_600, portCalls: 7 * node }) as const,
  );
  for (let seed = 1; seed <= 4; seed++) {
    const { violation, recoveredMs } = run(
      { faults, healMs: 5_000, ending: { kind: 'liveness', core: [0, 1, 2, 3], down: [] } },
      undefined,
      seed,
    );
    expect(violation).toBeUndefined();
    expect(recoveredMs).toBeGreaterThan(0);
  }
});
