/** Which of a node's keys serves in an epoch. Spec: docs/spec/consensus-boundary.md, section 4. */
import { equalBytes } from '@radledger/primitives';
import type { EpochContext, Member } from './epoch-context.js';
import type { ModuleIdentity } from './module.js';

/** Whether this node holds the node key that an epoch names: its own, or the one that follows it. */
export function holdsNodeKey({ nodeKey, nextNodeKey }: ModuleIdentity, key: Uint8Array): boolean {
  return equalBytes(nodeKey, key) || (nextNodeKey !== undefined && equalBytes(nextNodeKey, key));
}

/** The same of the VRF key. Who leads with a proof of another key proposes what no rule allows. */
export function holdsVrfKey({ vrfKey, nextVrfKey }: ModuleIdentity, key: Uint8Array): boolean {
  return equalBytes(vrfKey, key) || (nextVrfKey !== undefined && equalBytes(nextVrfKey, key));
}

/** What an epoch says of this node's source: its keys and weight. */
export function ownMember(identity: ModuleIdentity | undefined, epoch: EpochContext | undefined): Member | undefined {
  return identity && epoch?.leaders.find(({ source }) => equalBytes(source, identity.source));
}
