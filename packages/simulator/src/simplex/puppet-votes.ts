import type { EpochContext } from '@radledger/consensus';
import { encodeMessage, signedBytes, type Vote } from '@radledger/consensus-simplex';
import { equalBytes } from '@radledger/primitives';
import type { Puppet } from '../behaviour.js';

/** The context a liar's votes are signed in; undefined while it has not reached that epoch. */
export function epochOf({ node }: Puppet, epoch: number): EpochContext | undefined {
  return node.chain.epoch(epoch);
}

/** A vote message with the liar's true signature: valid to everyone, whatever it says. */
export function voteMessage(puppet: Puppet, epoch: EpochContext, vote: Vote): Uint8Array {
  const { member } = puppet.node.options;
  const seat = epoch.committee.findIndex(({ source }) => equalBytes(source, member.source));
  const signature = puppet.sign(signedBytes(puppet.genesis.chainId, epoch, vote));
  return encodeMessage({ type: 'vote', epoch: epoch.epoch, signed: { seat, vote, signature } });
}
