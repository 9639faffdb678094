/** A node's own keys: each epoch names the ones that serve in it. */
import { decodeSignRecord, type ModuleIdentity, type SignLogState } from '@radledger/consensus';
import { equalBytes, type Signer } from '@radledger/primitives';
import type { SignLog } from '@radledger/storage';
import type { LedgerIdentity } from './options.js';

export interface IdentityKeys {
  readonly module: ModuleIdentity;
  /** Signer and log of a node key; of the first key for one that is not the next. */
  nodeOf(nodeKey: Uint8Array | undefined): { readonly signer: Signer; readonly signLog: SignLog };
  /** Undefined for a key that is not held: a proof of another would convict its node. */
  prove(alpha: Uint8Array, vrfKey: Uint8Array | undefined): Uint8Array | Promise<Uint8Array> | undefined;
  /** What all logs say together: one that is missing makes the whole missing. */
  signLogState(): SignLogState;
}

export function identityKeysOf(identity: LedgerIdentity): IdentityKeys {
  const { source, nodeSigner, vrf, signLog, signLogMissing = false, next = {} } = identity;
  const first = { signer: nodeSigner, signLog };
  const isThat = (own: Uint8Array | undefined, key: Uint8Array | undefined): boolean =>
    own !== undefined && key !== undefined && equalBytes(own, key);
  return {
    module: {
      source,
      nodeKey: nodeSigner.publicKey,
      vrfKey: vrf.publicKey,
      ...(next.node && { nextNodeKey: next.node.signer.publicKey }),
      ...(next.vrf && { nextVrfKey: next.vrf.publicKey }),
    },
    nodeOf: (nodeKey) => (next.node && isThat(next.node.signer.publicKey, nodeKey) ? next.node : first),
    prove: (alpha, vrfKey) => [vrf, next.vrf].find((held) => isThat(held?.publicKey, vrfKey))?.prove(alpha),
    signLogState() {
      if (signLogMissing || next.node?.signLogMissing === true) return { state: 'missing' };
      const records = [...signLog.records, ...(next.node?.signLog.records ?? [])];
      return { state: 'present', records: records.map(decodeSignRecord) };
    },
  };
}
