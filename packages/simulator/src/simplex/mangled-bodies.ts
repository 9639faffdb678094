import { type Block, isBoundaryHeight } from '@radledger/chain';
import { encodeMessage } from '@radledger/consensus-simplex';
import type { Behaviour } from '../behaviour.js';
import { heardBy, messageOf } from './puppet-messages.js';

/** Passes on what others propose with another body or another reason, and answers questions for blocks in the same way. */
export const mangledBodies: Behaviour = {
  name: 'mangled-bodies',
  incoming(puppet, _, bytes) {
    const message = heardBy(puppet, bytes);
    if (message?.type !== 'proposal') return false;
    const { block, again } = message;
    const atBoundary = isBoundaryHeight(block.header.height, puppet.genesis.parameters.epochHeights);
    const copies = [
      { ...message, block: mangled(block) },
      { ...message, again: again === undefined ? block.body.justification : undefined },
      { ...message, again: atBoundary ? Uint8Array.of(0x93, 0x90, 0x90, 0x90) : new Uint8Array() },
    ];
    for (const peer of puppet.peers) puppet.say(peer, encodeMessage(puppet.prng.pick(copies)));
    return false;
  },
  outgoing(puppet, to, bytes) {
    const message = messageOf(puppet, bytes);
    if (message.type !== 'block') return false;
    for (const peer of to) puppet.say(peer, encodeMessage({ ...message, block: mangled(message.block) }));
    return true;
  },
};

/** The same header, and a body that is not its own. */
function mangled(block: Block): Block {
  return { ...block, body: { ...block.body, transactions: [...block.body.transactions, Uint8Array.of(1, 2, 3)] } };
}
