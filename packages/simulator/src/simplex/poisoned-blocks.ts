import { INVALID_TRANSACTION } from '../sim-chain.js';
import { proposalMessage, withBody } from './puppet-blocks.js';
import { asLeader } from './puppet-messages.js';

/** As leader, a block with a transaction that no block may hold: to some or to all, again in each of its views. */
export const poisonedBlocks = asLeader('poisoned-blocks', (puppet, to, { proposal, epoch }) => {
  const parent = puppet.node.chain.headerOf(proposal.block.header.parentId);
  if (parent === undefined) return false;
  const transactions = [...proposal.block.body.transactions, Uint8Array.of(INVALID_TRANSACTION)];
  const poisoned = proposalMessage(puppet, epoch, proposal, withBody(proposal.block, parent, { transactions }));
  const toAll = proposal.view % 2 === 0;
  const fooled = to.filter((peer) => toAll || peer % 2 === 0);
  for (const peer of fooled) puppet.say(peer, poisoned);
  return fooled.length > 0;
});
