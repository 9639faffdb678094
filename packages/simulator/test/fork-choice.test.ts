import { expect, test } from 'vitest';
import { authorityPlug, longestChainPlug, workPlug } from '../src/fork-choice/plugs.js';
import { runSeed } from '../src/run-seed.js';

// `npm run simulate -- --module NAME --seeds 5000` runs more; a seed is replayed with `--start SEED --seeds 1`.
test.each([longestChainPlug, authorityPlug, workPlug])(
  '$name: one chain under delays, losses, partitions, crashes and liars; each seed runs alike twice',
  (plug) => {
    for (let seed = 1; seed <= 12; seed++) {
      const first = runSeed(plug, seed);
      expect({ seed, violation: first.violation }).toEqual({ seed, violation: undefined });
      if (seed <= 3) expect(runSeed(plug, seed).traceHash).toBe(first.traceHash);
    }
  },
  60_000,
);
