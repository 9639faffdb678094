import { proposalMessage, withHeader } from './puppet-blocks.js';
import { asLeader } from './puppet-messages.js';

/** As leader, blocks of heights that nobody will reach, truly signed. */
export const farHeights = asLeader('far-heights', (puppet, to, { proposal, epoch }) => {
  const { epochHeights } = puppet.genesis.parameters;
  for (const peer of to) {
    const height = puppet.prng.pick([2 ** 50, proposal.block.header.height + epochHeights]);
    puppet.say(peer, proposalMessage(puppet, epoch, proposal, withHeader(proposal.block, { height })));
  }
  return true;
});
