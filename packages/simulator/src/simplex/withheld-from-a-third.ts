import { asLeader } from './puppet-messages.js';

/** As leader, hides each proposal from a third of the others: the rest are just enough to certify it with the liar's vote. */
export const withheldFromAThird = asLeader('withheld-from-a-third', ({ peers }, to, { proposal }) => {
  const hidden = Math.floor(peers.length / 3);
  return to.every((peer) => (peers.indexOf(peer) + proposal.view) % peers.length < hidden);
});
