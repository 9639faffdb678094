import { testConsensusModule } from '@radledger/consensus/conformance';
import { quietScenario, simulate } from '@radledger/simulator';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { turnByStake } from '../src/turn-by-stake.js';

testConsensusModule(turnByStake, { parameters: { epochHeights: 64, moduleSettings: [['depth', 3]] } });

test('a whole module takes less than a hundred lines', async () => {
  const text = await readFile(new URL('../src/turn-by-stake.ts', import.meta.url), 'utf8');
  expect(text.split('\n').length).toBeLessThan(100);
});

test('runs in the simulator: who has three times the studies leads three times as often', () => {
  const quiet = quietScenario({ weights: [3_000_000n, 1_000_000n, 1_000_000n, 1_000_000n] });
  const parameters = { ...quiet.parameters, targetIntervalMs: 1_000, clockPrecisionMs: 100, epochHeights: 720 };
  const scenario = { ...quiet, parameters, ending: { kind: 'height', height: 60, withinMs: 600_000 } as const };
  const { violation, figures } = simulate({ seed: 1, module: turnByStake, scenario });
  expect(violation).toBeUndefined();
  const [heavy, ...others] = figures.ledByNode;
  expect(heavy).toBeGreaterThanOrEqual(29);
  expect(heavy).toBeLessThanOrEqual(31);
  for (const other of others) expect(other).toBeGreaterThanOrEqual(9);
});
