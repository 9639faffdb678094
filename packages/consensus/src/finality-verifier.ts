import type { EpochCell, FinalityVerifier, Parameters } from '@radledger/chain';
import { epochContextOf } from './committee.js';
import type { ConsensusModule } from './module.js';

/**
 * The chain's port for finality proofs, for a light client or a node that fetches blocks.
 * @param parameters - those of genesis
 */
export function createFinalityVerifier(
  module: Pick<ConsensusModule, 'finalityClaims'>,
  parameters: Parameters,
): FinalityVerifier {
  return ({ chainId, header, proof, epoch, nextEpoch }) => {
    const { committeeMax } = parameters;
    const contextOf = (cell: EpochCell): ReturnType<typeof epochContextOf> =>
      epochContextOf(cell, { chainId, committeeMax });
    return module.finalityClaims({
      header,
      proof,
      chainId,
      parameters,
      epoch: contextOf(epoch),
      nextEpoch: nextEpoch && contextOf(nextEpoch),
    });
  };
}
