import { Prng } from '@radledger/simulator';
import { expect, test } from 'vitest';
import { drawRound } from '../src/chaos/faults.js';

test('one seed draws one schedule, and all kinds of fault occur', () => {
  const draw = () => {
    const prng = new Prng(7);
    return Array.from({ length: 50 }, () => drawRound(prng, 7));
  };
  expect(draw()).toEqual(draw());
  const kinds = new Set(draw().flatMap(({ faults }) => faults.map(({ kind }) => kind)));
  expect([...kinds].sort()).toEqual(['delay', 'kill', 'partition', 'stop']);
});

test('every fault ends by the time the round heals, and no process is killed or stopped twice in a round', () => {
  const prng = new Prng(8);
  for (let index = 0; index < 200; index++) {
    const { faults, healMs } = drawRound(prng, 7);
    for (const { atMs, endMs } of faults) expect(atMs <= endMs && endMs <= healMs).toBe(true);
    const nodes = faults.flatMap((fault) => (fault.kind === 'kill' || fault.kind === 'stop' ? [fault.node] : []));
    expect(new Set(nodes).size).toBe(nodes.length);
  }
});
