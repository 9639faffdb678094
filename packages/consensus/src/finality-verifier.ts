import type { FinalityVerifier } from '@radledger/chain';
import { epochContextOf } from './committee.js';
import type { ConsensusModule } from './module.js';

/**
 * The chain's port for finality proofs, for a light client or a node that fetches blocks.
 * @param options.committeeMax - the genesis parameter of this name
 */
export function createFinalityVerifier(
  module: Pick<ConsensusModule, 'finalityClaims'>,
  options: { readonly committeeMax: number },
): FinalityVerifier {
  return ({ chainId, header, proof, epoch }) =>
    module.finalityClaims({ header, proof, chainId, epoch: epochContextOf(epoch, { chainId, ...options }) });
}
