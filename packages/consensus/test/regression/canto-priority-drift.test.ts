/**
 * Canto's nodes came to disagree about the proposer because each kept priorities of its own that drifted apart after a restart. Here the
 * leader of a view follows from seed, epoch and members alone: a node that joins, restarts or looks back finds the same.
 */
import { hash, toHex } from '@radledger/primitives';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { leaderOf } from '../../src/index.js';
import { chainId, leadersOf, membersOf } from './support.js';

// I7. Method: any weights, any views in any order, asked of objects that were asked before and of fresh ones.
test('the leader of a view does not depend on what was asked before', () => {
  const weights = fc
    .array(fc.bigInt(0n, 2n ** 40n), { minLength: 1, maxLength: 20 })
    .filter((all) => all.some((w) => w > 0n));
  const views = fc.uniqueArray(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(weights, views, (given, asked) => {
      const inOrder = leadersOf(given, 300);
      const seed = hash('test/seed', 3);
      for (const view of asked) {
        // Fresh members and seed each time: no cache of an earlier question can answer.
        const leaders = membersOf(given);
        const leader = leaderOf(chainId, { epoch: 3, seed: Uint8Array.from(seed), leaders }, view);
        expect(toHex(leader.source)).toBe(toHex((leaders[inOrder[view - 1] as number] as typeof leader).source));
        expect(leader.weight).toBeGreaterThan(0n);
      }
    }),
    { numRuns: 40, seed: 5 },
  );
});
