import { decodeMessage } from '@radledger/consensus/fork-choice';
import type { Behaviour } from '../behaviour.js';

/** Holds its blocks back for a few slots, so that they come as a rival branch: ex-ante re-org, selfish mining. */
export const withholdsBlocks: Behaviour = {
  name: 'withholds-blocks',
  outgoing(puppet, to, bytes) {
    const { blockBytesMax, targetIntervalMs } = puppet.genesis.parameters;
    if (decodeMessage(bytes, blockBytesMax).type !== 'block') return false;
    const delayMs = puppet.prng.between(1, 4 * targetIntervalMs);
    for (const node of to) puppet.sayLater(delayMs, node, bytes);
    return true;
  },
};
