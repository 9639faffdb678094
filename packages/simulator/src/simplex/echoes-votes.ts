import type { Behaviour } from '../behaviour.js';
import { messageOf } from './puppet-messages.js';
import { epochOf, voteMessage } from './puppet-votes.js';

/**
 * Signs back to every voter whatever that voter says, and passes no certificate on: with enough of its kind, each voter finds a
 * quorum of its own and hears of no other.
 */
export const echoesVotes: Behaviour = {
  name: 'echoes-votes',
  outgoing: (puppet, _to, bytes) => messageOf(puppet, bytes).type === 'certificate',
  incoming(puppet, from, bytes) {
    const message = messageOf(puppet, bytes);
    if (message.type !== 'vote') return false;
    const epoch = epochOf(puppet, message.epoch);
    const { vote } = message.signed;
    if (epoch !== undefined && vote.kind !== 'proposal') puppet.say(from, voteMessage(puppet, epoch, vote));
    return false;
  },
};
