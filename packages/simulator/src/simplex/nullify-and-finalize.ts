import { NullifyReason } from '@radledger/consensus-simplex';
import type { Behaviour } from '../behaviour.js';
import { messageOf } from './puppet-messages.js';
import { epochOf, voteMessage } from './puppet-votes.js';

/** Gives up each view that it votes in, and as leader declines after everyone has finalized. */
export const nullifyAndFinalize: Behaviour = {
  name: 'nullify-and-finalize',
  outgoing(puppet, to, bytes) {
    const message = messageOf(puppet, bytes);
    if (message.type !== 'vote' || message.signed.vote.kind !== 'finalize') return false;
    const epoch = epochOf(puppet, message.epoch);
    if (epoch === undefined) return false;
    const { view } = message.signed.vote;
    const vote = { kind: 'nullify', view, reason: NullifyReason.declined, blockId: undefined } as const;
    for (const peer of to) puppet.say(peer, voteMessage(puppet, epoch, vote));
    return false;
  },
};
