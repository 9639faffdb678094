/** Which of a node's keys serves in an epoch. Spec: docs/spec/consensus-boundary.md, section 4. */
import { equalBytes } from '@radledger/primitives';
import type { EpochContext, Member } from './epoch-context.js';
import type { ModuleIdentity } from './module.js';

/** Whether this node holds the node key that an epoch names: its own, or the one that follows it. */
export function holdsNodeKey({ nodeKey, nextNodeKey }: ModuleIdentity, key: Uint8Array): boolean {
  return equalBytes(nodeKey, key) || (nextNodeKey !== undefined && equalBytes(nextNodeKey, key));
}

/** What an epoch says of this node's source: its keys and weight. */
export function ownMember(identity: ModuleIdentity | undefined, epoch: EpochContext | undefined): Member | undefined {
  return identity && epoch?.leaders.find(({ source }) => equalBytes(source, identity.source));
}
