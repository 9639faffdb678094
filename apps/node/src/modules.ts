/** The consensus modules that this app can run: the only place in the node that names one. */
import type { ConsensusModule } from '@radledger/consensus';
import { authority } from '@radledger/consensus-authority';
import { longestChain } from '@radledger/consensus-longest-chain';
import { simplex } from '@radledger/consensus-simplex';
import { work } from '@radledger/consensus-work';
import { NodeAppError } from './errors.js';

const MODULES: readonly ConsensusModule[] = [simplex, longestChain, authority, work];

/** @throws {NodeAppError} `MODULE_UNKNOWN` */
export function moduleNamed(id: string): ConsensusModule {
  const found = MODULES.find((module) => module.id === id);
  if (found) return found;
  const known = MODULES.map((module) => module.id).join(', ');
  throw new NodeAppError(
    { code: 'MODULE_UNKNOWN', module: id },
    `genesis demands the module ${id}; this node has ${known}`,
  );
}
