import { blockIdOf } from '@radledger/chain';
import { decodeMessage, encodeMessage, signedBytes } from '@radledger/consensus-simplex';
import type { Behaviour } from '../behaviour.js';
import { epochOf, voteMessage } from './puppet-votes.js';

/** As leader, one block to some and its twin to the others, with its own vote for whichever they got. */
export const equivocatingProposals: Behaviour = {
  name: 'equivocating-proposals',
  outgoing(puppet, to, bytes) {
    const message = decodeMessage(bytes, puppet.genesis.parameters.blockBytesMax);
    if (message.type !== 'proposal' || message.again !== undefined) return false;
    const epoch = epochOf(puppet, message.epoch);
    if (epoch === undefined) return false;
    const { view, block } = message;
    for (const peer of to) {
      const twin = peer % 2 === 0;
      const header = twin ? { ...block.header, timestampMs: block.header.timestampMs + 1 } : block.header;
      const shown = { header, body: block.body, id: blockIdOf(header) };
      const statement = { kind: 'proposal', view, blockId: shown.id } as const;
      const signature = puppet.sign(signedBytes(puppet.genesis.chainId, epoch, statement));
      puppet.say(peer, encodeMessage({ ...message, signature, block: shown }));
      const { timestampMs } = header;
      puppet.say(peer, voteMessage(puppet, epoch, { kind: 'notarize', view, blockId: shown.id, timestampMs }));
      puppet.say(peer, voteMessage(puppet, epoch, { kind: 'finalize', view, blockId: shown.id }));
    }
    return true;
  },
};
