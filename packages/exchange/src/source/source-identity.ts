import type { Signer } from '@radledger/primitives';

/** Who an image source is on the ledger, and the key it signs with. */
export interface SourceIdentity {
  readonly chainId: Uint8Array;
  /** The source id: the key that signed Define Source. */
  readonly source: Uint8Array;
  /** The current signing key. */
  readonly signer: Signer;
}
