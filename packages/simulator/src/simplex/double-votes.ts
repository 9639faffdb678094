import { decodeMessage } from '@radledger/consensus-simplex';
import type { Behaviour } from '../behaviour.js';
import { epochOf, voteMessage } from './puppet-votes.js';

/** Notarizes and finalizes every block that anyone proposes, at once and to everyone. */
export const doubleVotes: Behaviour = {
  name: 'double-votes',
  incoming(puppet, _, bytes) {
    const message = decodeMessage(bytes, puppet.genesis.parameters.blockBytesMax);
    if (message.type !== 'proposal') return;
    const epoch = epochOf(puppet, message.epoch);
    if (epoch === undefined) return;
    const { view, block } = message;
    const { timestampMs } = block.header;
    for (const peer of puppet.peers) {
      puppet.say(peer, voteMessage(puppet, epoch, { kind: 'notarize', view, blockId: block.id, timestampMs }));
      puppet.say(peer, voteMessage(puppet, epoch, { kind: 'finalize', view, blockId: block.id }));
    }
  },
};
