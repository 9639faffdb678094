/** Two nodes with one key, every choice of leaders and of who hears whom in the first views: `npm run soak -- --only twins`. */
import { createSimplex } from '@radledger/consensus-simplex';
import { expect, test } from 'vitest';
import { simplexPlug } from '../src/simplex/plug.js';
import { runTwins, twinsScenarios } from '../src/simplex/twins.js';

const VIEWS = Number(process.env['RADLEDGER_TWINS_VIEWS'] ?? '2');

test(`twins cannot fork or stop the chain: every scenario of ${VIEWS} views`, () => {
  let count = 0;
  for (const views of twinsScenarios(VIEWS)) {
    count++;
    expect(runTwins(simplexPlug, views).violation).toBeUndefined();
  }
  process.stdout.write(`${JSON.stringify({ twinsScenarios: count, views: VIEWS })}\n`);
  expect(count).toBeGreaterThanOrEqual(510);
}, 7_200_000);

test('one scenario stands for all that differ in names only', () => {
  // An honest leader: none to two of the other honest and of the twins on its side, 9 ways. Twins lead: none to three of the
  // honest beside none to two of the twins, 12 ways, of which the two sides swapped are one.
  expect([...twinsScenarios(1)]).toHaveLength(9 + 6);
});

test('with half of the seats for a quorum, twins fork the chain', () => {
  const module = createSimplex({ rules: { isQuorum: (weight, totalWeight) => weight * 2n >= totalWeight } });
  // The invariants on messages would see the light certificates first.
  const plug = { ...simplexPlug, module, watchers: [] };
  const broken = [...twinsScenarios(2)].some((views) => runTwins(plug, views).violation?.invariant === 'I1');
  expect(broken).toBe(true);
}, 120_000);
