import { proposalMessage, withHeader } from './puppet-blocks.js';
import { asLeader } from './puppet-messages.js';

/** As leader, the earliest or the latest time that voters may still accept, and a little beyond. */
export const timestampDrag = asLeader('timestamp-drag', (puppet, to, { proposal, epoch }) => {
  const { clockPrecisionMs, assumedDelayMs } = puppet.genesis.parameters;
  const { header } = proposal.block;
  const late = clockPrecisionMs + puppet.prng.between(-5, 20);
  const early = -clockPrecisionMs - 3 * assumedDelayMs + puppet.prng.between(0, 30);
  const timestampMs = Math.max(1, header.timestampMs + puppet.prng.pick([late, early]));
  const bytes = proposalMessage(puppet, epoch, proposal, withHeader(proposal.block, { timestampMs }));
  for (const peer of to) puppet.say(peer, bytes);
  return true;
});
