/** A node that had lost its sign-log voted at once when its clock was slow: the boundary it started on looked new. */
import { expect, test } from 'vitest';
import { simplex } from '../../src/simplex.js';
import { boundaryState, chainId, member, parameters, START_MS } from '../support/voter.js';

test('neither the state that a node starts on nor one that it fetches lets it vote', () => {
  const instance = simplex.create({ chainId, parameters, identity: member(0) });
  const finalized = boundaryState(1, START_MS + 60_000);
  instance.step({ type: 'start', now: START_MS, finalized, signLog: { state: 'missing' } });
  const missing = { allowed: false, reason: 'SIGN_LOG_MISSING' };
  expect(instance.status().voting).toEqual(missing);
  instance.step({ type: 'synced', now: START_MS, finalized: boundaryState(2, START_MS + 120_000) });
  expect(instance.status().voting).toEqual(missing);
});
