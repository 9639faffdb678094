import { blockIdOf } from '@radledger/chain';
import { decodeMessage, encodeMessage, signedBytes } from '@radledger/consensus-simplex';
import type { Behaviour } from '../behaviour.js';
import { epochOf } from './puppet-votes.js';

/** As leader, blocks of heights that nobody will reach, truly signed. */
export const farHeights: Behaviour = {
  name: 'far-heights',
  outgoing(puppet, to, bytes) {
    const message = decodeMessage(bytes, puppet.genesis.parameters.blockBytesMax);
    if (message.type !== 'proposal' || message.again !== undefined) return false;
    const epoch = epochOf(puppet, message.epoch);
    if (epoch === undefined) return false;
    const { view, block } = message;
    for (const peer of to) {
      const height = puppet.prng.pick([2 ** 50, block.header.height + puppet.genesis.parameters.epochHeights]);
      const header = { ...block.header, height };
      const far = { header, body: block.body, id: blockIdOf(header) };
      const statement = { kind: 'proposal', view, blockId: far.id } as const;
      const signature = puppet.sign(signedBytes(puppet.genesis.chainId, epoch, statement));
      puppet.say(peer, encodeMessage({ ...message, signature, block: far }));
    }
    return true;
  },
};
