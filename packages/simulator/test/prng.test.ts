import { expect, test } from 'vitest';
import { EventHeap } from '../src/event-heap.js';
import { Prng } from '../src/prng.js';

test('equal seeds draw equal numbers, other seeds others', () => {
  const draw = (seed: number): number[] => {
    const prng = new Prng(seed);
    return Array.from({ length: 20 }, () => prng.next());
  };
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
});

test('every side of the die comes up', () => {
  const prng = new Prng(7);
  const seen = new Set(Array.from({ length: 400 }, () => prng.between(3, 12)));
  expect([...seen].sort((a, b) => a - b)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

test('events run by time, then by age, and time does not go back', () => {
  const heap = new EventHeap();
  const run: string[] = [];
  heap.at(5, () => run.push('later'));
  heap.at(2, () => {
    run.push('first');
    heap.at(0, () => run.push('at once'));
  });
  heap.at(2, () => run.push('second'));
  while (heap.step(4));
  expect(run).toEqual(['first', 'second', 'at once']);
  expect(heap.nowMs).toBe(4);
});
