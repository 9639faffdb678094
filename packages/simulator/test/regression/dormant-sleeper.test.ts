/** A source that once was large and falls silent: its old keys must not stay dangerous for ever. */
import { expect, test } from 'vitest';
import { measureInflation } from '../../src/selection/index.js';

const sleeper = { sources: 1, studiesADay: 3_000, untilDay: 199, endowment: 10_000 };
const honest = { sources: 4, studiesADay: 300, endowment: 10_000 };
const shares = (policy: 'raw' | 'guarded') =>
  measureInflation({ policy, honest, faker: sleeper, days: 600, epochsADay: 1 }).fakerShare;

test('guarded: held to the cap while it works, nothing a year after it stopped', () => {
  const guarded = shares('guarded');
  expect(Math.max(...guarded)).toBeLessThanOrEqual(0.32);
  expect(guarded[199]).toBeGreaterThan(0.2);
  expect(guarded[570]).toBeLessThan(0.001);
});

test('raw: it keeps most of the chain, asleep', () => {
  const raw = shares('raw');
  expect(raw[570]).toBeGreaterThan(0.4);
});
