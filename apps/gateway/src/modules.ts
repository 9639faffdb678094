/** The consensus modules whose finality proofs this app can judge: the only place in the gateway that names one. */
import type { ConsensusModule } from '@radledger/consensus';
import { authority } from '@radledger/consensus-authority';
import { longestChain } from '@radledger/consensus-longest-chain';
import { simplex } from '@radledger/consensus-simplex';
import { work } from '@radledger/consensus-work';

const MODULES: readonly ConsensusModule[] = [simplex, longestChain, authority, work];

export function moduleNamed(id: string): ConsensusModule | undefined {
  return MODULES.find((module) => module.id === id);
}
