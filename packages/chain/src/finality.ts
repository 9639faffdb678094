import type { SignatureClaim } from '@radledger/primitives';
import type { EpochCell } from './cells.js';
import type { Header } from './header.js';

/** What a finality proof is judged against. */
export interface FinalityInput {
  readonly chainId: Uint8Array;
  readonly header: Header;
  /** The module's own bytes, beside the header. */
  readonly proof: Uint8Array;
  /** The epoch of the header's height. */
  readonly epoch: EpochCell;
  /** The epoch after, when it is complete: a proof by descendants may reach into it. */
  readonly nextEpoch?: EpochCell;
  /** A header that the reader believes already: the proven one's parent, the boundary that began the epoch, or it itself. */
  readonly trusted?: Header;
}

/**
 * Swap-in point: judges that a header is final. Pure and synchronous. Checks shape and weight, and returns the signatures
 * that must verify besides: the header is final when all of them do.
 * @throws {CodedError} when shape, epoch or weight are wrong
 */
export type FinalityVerifier = (input: FinalityInput) => readonly SignatureClaim[];
