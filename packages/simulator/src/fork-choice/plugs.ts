/** Modules whose chain may fork. */
import type { Parameters } from '@radledger/chain';
import { authority } from '@radledger/consensus-authority';
import { longestChain } from '@radledger/consensus-longest-chain';
import { work } from '@radledger/consensus-work';
import { createLeaders } from '../invariants/leaders.js';
import type { ModulePlug } from '../module-plug.js';
import { createOneBlockASlot } from './one-block-a-slot.js';
import { createOneFinalChain, createOneFinalChainWhileTogether } from './one-final-chain.js';
import { silent } from './silent.js';
import { twoBlocksASlot } from './two-blocks-a-slot.js';
import { withholdsBlocks } from './withholds-blocks.js';

/** A slot is longer than clocks are apart, and long enough for a message; a few epochs begin in a run. */
function slots({ assumedDelayMs, ...drawn }: Parameters): Parameters {
  const targetIntervalMs = Math.max(drawn.targetIntervalMs, 3 * assumedDelayMs);
  return { ...drawn, assumedDelayMs, targetIntervalMs, minimumIntervalMs: 0, epochHeights: 64 + drawn.epochHeights };
}

/** Of the swarm's slots a run has a few dozen. */
const DEPTH = 8;

export const longestChainPlug: ModulePlug = {
  name: 'longest-chain',
  module: longestChain,
  behaviours: [silent, withholdsBlocks, twoBlocksASlot(longestChain.id)],
  watchers: [createOneFinalChainWhileTogether, createOneBlockASlot, createLeaders],
  mutants: [],
  shape: {
    behaviours: ['silent', 'withholds-blocks', 'two-blocks-a-slot'],
    tuned: (drawn) => ({ ...slots(drawn), moduleSettings: [['depth', DEPTH]] }),
  },
};

export const authorityPlug: ModulePlug = {
  name: 'authority',
  module: authority,
  behaviours: [silent, withholdsBlocks, twoBlocksASlot(authority.id)],
  watchers: [createOneFinalChain, createOneBlockASlot, createLeaders],
  mutants: [],
  shape: { behaviours: ['silent', 'withholds-blocks', 'two-blocks-a-slot'], equalWeights: true, tuned: slots },
};

export const workPlug: ModulePlug = {
  name: 'work',
  module: work,
  behaviours: [silent, withholdsBlocks],
  watchers: [],
  mutants: [],
  shape: {
    behaviours: ['silent', 'withholds-blocks'],
    tuned: (drawn) => ({
      ...slots(drawn),
      epochHeights: 40,
      moduleSettings: [
        ['depth', 12],
        ['difficulty', 256],
        ['hashesPerStep', 4],
        ['stepMs', 10],
        ['windowHeights', 16],
      ],
    }),
  },
};
