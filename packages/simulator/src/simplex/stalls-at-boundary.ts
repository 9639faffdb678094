import { isBoundaryHeight } from '@radledger/chain';
import type { Behaviour } from '../behaviour.js';
import { messageOf } from './puppet-messages.js';

/** Absent whenever an epoch ends or begins: no proposal, no vote, no answer. */
export const stallsAtBoundary: Behaviour = {
  name: 'stalls-at-boundary',
  outgoing(puppet, _, bytes) {
    const { epochHeights } = puppet.genesis.parameters;
    const { height } = puppet.node.chain;
    const message = messageOf(puppet, bytes);
    if (message.type === 'proposal') return isBoundaryHeight(message.block.header.height, epochHeights);
    return isBoundaryHeight(height + 1, epochHeights) || isBoundaryHeight(Math.max(1, height), epochHeights);
  },
};
