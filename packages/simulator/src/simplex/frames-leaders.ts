import { NullifyReason } from '@radledger/consensus-simplex';
import type { Behaviour } from '../behaviour.js';
import { heardBy } from './puppet-messages.js';
import { epochOf, voteMessage } from './puppet-votes.js';

/** Swears that every honest leader was silent, the moment its block arrives. */
export const framesLeaders: Behaviour = {
  name: 'frames-leaders',
  incoming(puppet, _, bytes) {
    const message = heardBy(puppet, bytes);
    if (message?.type !== 'proposal') return false;
    const epoch = epochOf(puppet, message.epoch);
    if (epoch === undefined) return false;
    const vote = { kind: 'nullify', view: message.view, reason: NullifyReason.noProposal, blockId: undefined } as const;
    for (const peer of puppet.peers) puppet.say(peer, voteMessage(puppet, epoch, vote));
    return false;
  },
};
