import { encodeMessage } from '@radledger/consensus-simplex';
import type { Behaviour } from '../behaviour.js';
import { heardBy } from './puppet-messages.js';
import { epochOf, voteMessage } from './puppet-votes.js';

/** Votes for views that nobody will reach, truly signed, and claims to be there already. */
export const farViews: Behaviour = {
  name: 'far-views',
  incoming(puppet, from, bytes) {
    const message = heardBy(puppet, bytes);
    const epoch = message?.type === 'vote' ? epochOf(puppet, message.epoch) : undefined;
    if (message?.type !== 'vote' || epoch === undefined) return false;
    const view = puppet.prng.pick([2 ** 52, message.signed.vote.view + puppet.prng.between(1, 40)]);
    puppet.say(from, voteMessage(puppet, epoch, { kind: 'nullify', view, reason: 0, blockId: undefined }));
    const status = {
      type: 'status',
      epoch: epoch.epoch + puppet.prng.pick([0, 1, 2 ** 40]),
      view,
      finalizedHeight: view,
    };
    puppet.say(from, encodeMessage(status as Parameters<typeof encodeMessage>[0]));
    return false;
  },
};
