import { proposalMessage, withHeader } from './puppet-blocks.js';
import { asLeader } from './puppet-messages.js';
import { voteMessage } from './puppet-votes.js';

/** As leader, two or three blocks for different peers, each with its own votes for whichever they got. */
export const equivocatingProposals = asLeader('equivocating-proposals', (puppet, to, { proposal, epoch }) => {
  const { view, block } = proposal;
  const variants = 2 + (view % 2);
  for (const peer of to) {
    const timestampMs = block.header.timestampMs + (peer % variants);
    const shown = withHeader(block, { timestampMs });
    puppet.say(peer, proposalMessage(puppet, epoch, proposal, shown));
    puppet.say(peer, voteMessage(puppet, epoch, { kind: 'notarize', view, blockId: shown.id, timestampMs }));
    puppet.say(peer, voteMessage(puppet, epoch, { kind: 'finalize', view, blockId: shown.id }));
  }
  return true;
});
