import type { EpochContext } from '@radledger/consensus';
import { decodeMessage, type Message, type MessageOf } from '@radledger/consensus-simplex';
import type { Behaviour, Puppet } from '../behaviour.js';
import { epochOf } from './puppet-votes.js';

export function messageOf(puppet: Puppet, bytes: Uint8Array): Message {
  return decodeMessage(bytes, puppet.genesis.parameters.blockBytesMax);
}

/** A message that came in; undefined when another liar sent junk. */
export function heardBy(puppet: Puppet, bytes: Uint8Array): Message | undefined {
  try {
    return messageOf(puppet, bytes);
  } catch {
    return undefined;
  }
}

/** What a liar does with each first proposal of its own. @returns true when it has been dealt with */
export function asLeader(
  name: string,
  lie: (
    puppet: Puppet,
    to: readonly number[],
    own: { readonly proposal: MessageOf<'proposal'>; readonly epoch: EpochContext; readonly bytes: Uint8Array },
  ) => boolean,
): Behaviour {
  return {
    name,
    outgoing(puppet, to, bytes) {
      const proposal = messageOf(puppet, bytes);
      if (proposal.type !== 'proposal' || proposal.again !== undefined) return false;
      const epoch = epochOf(puppet, proposal.epoch);
      return epoch !== undefined && lie(puppet, to, { proposal, epoch, bytes });
    },
  };
}
