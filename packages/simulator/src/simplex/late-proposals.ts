import { asLeader } from './puppet-messages.js';

/** As leader, a proposal just before or just after voters lose their patience, at 2Δ. */
export const lateProposals = asLeader('late-proposals', (puppet, to, { bytes }) => {
  const { assumedDelayMs } = puppet.genesis.parameters;
  for (const peer of to) puppet.sayLater(puppet.prng.between(assumedDelayMs, 3 * assumedDelayMs), peer, bytes);
  return true;
});
