import { asLeader } from './puppet-messages.js';

/** As leader of the last heights that count for the next seed, reveals its random proof only when the dice like it. */
export const withholdsBeforeCutOff = asLeader('withholds-before-cut-off', ({ genesis, prng }, _, { proposal }) => {
  const { epochHeights } = genesis.parameters;
  const within = (proposal.block.header.height - 1) % epochHeights;
  const cutOff = Math.floor((2 * epochHeights) / 3);
  return within >= cutOff - 2 && within < cutOff && prng.chance(50);
});
