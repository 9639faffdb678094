import { encodeMessage } from '@radledger/consensus-simplex';
import type { Behaviour } from '../behaviour.js';
import { messageOf } from './puppet-messages.js';

/** Tells everyone who asks after a start that it holds no vote of theirs. */
export const forgetsVotes: Behaviour = {
  name: 'forgets-votes',
  outgoing(puppet, to, bytes) {
    const message = messageOf(puppet, bytes);
    if (message.type !== 'newest-vote') return false;
    for (const peer of to) puppet.say(peer, encodeMessage({ ...message, newest: undefined }));
    return true;
  },
};
