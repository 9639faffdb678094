import { decodeJustification, encodeJustification } from '@radledger/consensus-simplex';
import { proposalMessage, withBody } from './puppet-blocks.js';
import { asLeader } from './puppet-messages.js';

/** As leader, leaves a nullification out of the reasons for its proposal. */
export const omitsNullifications = asLeader('omits-nullifications', (puppet, to, { proposal, epoch }) => {
  const { justification } = proposal.block.body;
  const reasons = decodeJustification(justification, puppet.genesis.parameters.blockBytesMax);
  const parent = puppet.node.chain.headerOf(proposal.block.header.parentId);
  if (parent === undefined || reasons.nullifications.length === 0) return false;
  const left = reasons.nullifications.slice(puppet.prng.between(0, 1), puppet.prng.pick([-1, undefined]));
  const shorter = encodeJustification({ ...reasons, nullifications: left });
  const bytes = proposalMessage(puppet, epoch, proposal, withBody(proposal.block, parent, { justification: shorter }));
  for (const peer of to) puppet.say(peer, bytes);
  return true;
});
