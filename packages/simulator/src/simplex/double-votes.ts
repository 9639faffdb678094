import type { Behaviour } from '../behaviour.js';
import { heardBy } from './puppet-messages.js';
import { epochOf, voteMessage } from './puppet-votes.js';

/** Notarizes and finalizes every block that anyone proposes, at once and to everyone. */
export const doubleVotes: Behaviour = {
  name: 'double-votes',
  incoming(puppet, _, bytes) {
    const message = heardBy(puppet, bytes);
    if (message?.type !== 'proposal') return false;
    const epoch = epochOf(puppet, message.epoch);
    if (epoch === undefined) return false;
    const { view, block } = message;
    const { timestampMs } = block.header;
    for (const peer of puppet.peers) {
      puppet.say(peer, voteMessage(puppet, epoch, { kind: 'notarize', view, blockId: block.id, timestampMs }));
      puppet.say(peer, voteMessage(puppet, epoch, { kind: 'finalize', view, blockId: block.id }));
    }
    return false;
  },
};
