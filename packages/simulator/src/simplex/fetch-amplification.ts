import { encodeMessage } from '@radledger/consensus-simplex';
import type { Behaviour } from '../behaviour.js';
import { heardBy } from './puppet-messages.js';

/** Small questions with large answers, many at a time. */
export const fetchAmplification: Behaviour = {
  name: 'fetch-amplification',
  incoming(puppet, from, bytes) {
    const message = heardBy(puppet, bytes);
    if (message?.type !== 'proposal' && message?.type !== 'certificate') return false;
    const epoch = message.type === 'proposal' ? message.epoch : message.certificate.epoch;
    const certificates = encodeMessage({ type: 'fetch-certificates', epoch, fromView: 0, toView: 2 ** 50 });
    for (let i = 0; i < 8; i++) puppet.say(from, certificates);
    if (message.type !== 'proposal') return false;
    const { id, header } = message.block;
    const blocks = encodeMessage({ type: 'fetch-blocks', ids: [id, header.parentId] });
    for (let i = 0; i < 8; i++) for (const peer of puppet.peers) puppet.say(peer, blocks);
    return false;
  },
};
