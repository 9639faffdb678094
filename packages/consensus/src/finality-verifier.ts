import { type EpochCell, epochOfHeight, type FinalityVerifier, type Genesis, type Parameters } from '@radledger/chain';
import type { SignatureClaim } from '@radledger/primitives';
import { epochContextOf } from './committee.js';
import type { EpochContext } from './epoch-context.js';
import type { ConsensusModule } from './module.js';
import { recoveriesBefore, recoveryClaims, type SignedRecovery } from './recovery.js';

/**
 * The chain's port for finality proofs, for a light client or a node that fetches blocks.
 * @param parameters - those of genesis
 * @param recovered - recoveries that this reader was told to follow. In the epoch of one its signatures
 *   are among those that must hold; in later epochs it is believed, as the checkpoint that the reader started from is.
 */
export function createFinalityVerifier(
  module: Pick<ConsensusModule, 'finalityClaims'>,
  parameters: Parameters,
  recovered?: {
    readonly recoveries: readonly SignedRecovery[];
    readonly genesis: Pick<Genesis, 'recoveryKeys' | 'recoveryThreshold'>;
  },
): FinalityVerifier {
  const { committeeMax, epochHeights } = parameters;
  return ({ chainId, header, proof, epoch, nextEpoch, trusted }) => {
    const recoveries = recoveriesBefore(recovered?.recoveries ?? [], header.height);
    const contextOf = (cell: EpochCell, counting = recoveries): EpochContext =>
      epochContextOf(cell, { chainId, committeeMax }, { recoveries: counting, epochHeights });
    const claims: SignatureClaim[] = [
      ...module.finalityClaims({
        header,
        proof,
        chainId,
        parameters,
        epoch: contextOf(epoch),
        nextEpoch: nextEpoch && contextOf(nextEpoch),
        trusted,
      }),
    ];
    for (const [index, recovery] of recoveries.entries()) {
      if (recovered === undefined || epochOfHeight(recovery.height + 1, epochHeights) !== epoch.epoch) continue;
      const { genesis } = recovered;
      claims.push(
        ...recoveryClaims(recovery, { chainId, genesis, epoch: contextOf(epoch, recoveries.slice(0, index)) }),
      );
    }
    return claims;
  };
}
