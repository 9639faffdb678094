import { decodeMessage, NullifyReason } from '@radledger/consensus-simplex';
import type { Behaviour } from '../behaviour.js';
import { epochOf, voteMessage } from './puppet-votes.js';

/** Swears that every honest leader was silent, the moment its block arrives. */
export const framesLeaders: Behaviour = {
  name: 'frames-leaders',
  incoming(puppet, _, bytes) {
    const message = decodeMessage(bytes, puppet.genesis.parameters.blockBytesMax);
    if (message.type !== 'proposal') return;
    const epoch = epochOf(puppet, message.epoch);
    if (epoch === undefined) return;
    const vote = { kind: 'nullify', view: message.view, reason: NullifyReason.noProposal, blockId: undefined } as const;
    for (const peer of puppet.peers) puppet.say(peer, voteMessage(puppet, epoch, vote));
  },
};
