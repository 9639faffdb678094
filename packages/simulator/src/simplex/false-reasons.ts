import { NullifyReason } from '@radledger/consensus-simplex';
import { hash } from '@radledger/primitives';
import type { Behaviour } from '../behaviour.js';
import { heardBy } from './puppet-messages.js';
import { epochOf, voteMessage } from './puppet-votes.js';

/** Gives every view up for a reason of its own invention, another one to each peer. */
export const falseReasons: Behaviour = {
  name: 'false-reasons',
  incoming(puppet, _, bytes) {
    const message = heardBy(puppet, bytes);
    const epoch = message?.type === 'proposal' ? epochOf(puppet, message.epoch) : undefined;
    if (message?.type !== 'proposal' || epoch === undefined) return false;
    const { view, block } = message;
    for (const peer of puppet.peers) {
      const reason = puppet.prng.pick(Object.values(NullifyReason));
      const blockId = puppet.prng.pick([undefined, block.id, hash('sim/no-block', view)]);
      puppet.say(peer, voteMessage(puppet, epoch, { kind: 'nullify', view, reason, blockId }));
    }
    return false;
  },
};
