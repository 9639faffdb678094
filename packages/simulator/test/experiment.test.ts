/** A given scenario instead of a drawn one: what experiments are made of. */
import { expect, test } from 'vitest';
import { simplex } from '@radledger/consensus-simplex';
import { quietScenario } from '../src/scenario.js';
import { simulate } from '../src/simulation.js';

const WEIGHTS = [4000n, 3000n, 2000n, 1000n, 1000n];

test('a quiet net of five: every block counted, in order, and every transaction final', () => {
  const scenario = quietScenario({
    weights: WEIGHTS,
    submissions: Array.from({ length: 12 }, (_, number) => ({ atMs: 1_500 * number, node: number % 5 })),
    ending: { kind: 'height', height: 30, withinMs: 600_000 },
  });
  const { violation, finalized, figures } = simulate({ seed: 1, module: simplex, scenario });
  expect(violation).toBeUndefined();
  expect(finalized).toBeGreaterThanOrEqual(30);
  expect(figures.blocks.map(({ height }) => height)).toEqual(
    Array.from({ length: finalized }, (_, index) => index + 1),
  );
  expect(figures.ledByNode.reduce((sum, count) => sum + count, 0)).toBe(finalized);
  const produced = figures.dutiesByNode.reduce((sum, classes) => sum + (classes.PRODUCED ?? 0), 0);
  expect(produced).toBe(finalized);
  expect(figures.submissions).toHaveLength(12);
  for (const { atMs, finalMs } of figures.submissions) expect(finalMs).toBeGreaterThan(atMs);
  for (const { firstFinalMs, lastFinalMs } of figures.blocks) expect(lastFinalMs).toBeGreaterThanOrEqual(firstFinalMs);
  expect(figures.reorganisations).toBe(0);
  expect(figures.bytesSent).toBeGreaterThan(figures.messagesSent);
});

test('distance and bandwidth take their time', () => {
  const intervalOf = (links: Partial<Parameters<typeof quietScenario>[0]['links']>): number => {
    const quiet = quietScenario({ weights: WEIGHTS });
    const { figures } = simulate({
      seed: 1,
      module: simplex,
      scenario: { ...quiet, links: { ...quiet.links, ...links } },
    });
    const delays = figures.blocks.map(({ timestampMs, firstFinalMs }) => firstFinalMs - timestampMs);
    return delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
  };
  const near = intervalOf({});
  expect(intervalOf({ distanceMs: WEIGHTS.map(() => WEIGHTS.map(() => 100)) })).toBeGreaterThan(near + 250);
  expect(intervalOf({ bytesPerMs: 20 })).toBeGreaterThan(near + 50);
});

test('a crash of one of four in a run to a height: the others go on, the node is counted out', () => {
  const scenario = quietScenario({
    weights: [1000n, 1000n, 1000n, 1000n],
    faults: [{ atMs: 5_000, kind: 'crash', node: 2, downMs: 10_000_000, portCalls: 0 }],
    ending: { kind: 'height', height: 12, withinMs: 600_000 },
  });
  const { finalized, figures, faults } = simulate({ seed: 4, module: simplex, scenario });
  expect(faults).toBe(1);
  expect(finalized).toBeGreaterThanOrEqual(12);
  expect(figures.dutiesByNode[2]?.MISSED ?? 0).toBeGreaterThan(0);
});

// I16: the pace of a net in which nothing goes wrong is T, give or take a tenth.
test.each([4, 7, 13])('%i nodes keep the pace', (count) => {
  const scenario = quietScenario({
    weights: Array.from({ length: count }, () => 1000n),
    ending: { kind: 'height', height: 25, withinMs: 600_000 },
  });
  const { figures } = simulate({ seed: count, module: simplex, scenario });
  const [first, last] = [figures.blocks[0], figures.blocks.at(-1)];
  const meanMs = ((last?.timestampMs ?? 0) - (first?.timestampMs ?? 0)) / (figures.blocks.length - 1);
  const { targetIntervalMs } = scenario.parameters;
  expect(Math.abs(meanMs - targetIntervalMs)).toBeLessThan(targetIntervalMs / 10);
});
