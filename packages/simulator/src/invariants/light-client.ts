import { blockIdOf, type EpochCell, epochOfHeight, type Header } from '@radledger/chain';
import { createFinalityVerifier } from '@radledger/consensus';
import { CodedError, equalBytes, hash } from '@radledger/primitives';
import { SimChain } from '../sim-chain.js';
import { Violation } from '../violation.js';
import type { Watcher, WatcherContext } from '../watcher.js';

/**
 * I17: a reader that has headers, proofs and the voters of an epoch, and no body, believes the final block and no other of its
 * height. Each final block is shown to it as it is, and once falsified.
 */
export function createLightClient(context: WatcherContext): Watcher {
  const { module, genesis } = context;
  const { chainId, parameters } = genesis;
  const verifyFinality = createFinalityVerifier(module, parameters);

  function believes(header: Header, proof: Uint8Array, epoch: EpochCell): boolean {
    try {
      return context.verifyClaims(verifyFinality({ chainId, header, proof, epoch }));
    } catch (error) {
      if (error instanceof CodedError) return false;
      throw error;
    }
  }

  return {
    ended() {
      const chain = new SimChain(genesis, false);
      chain.finalize(context.agreed());
      for (const [index, { block, proof }] of chain.finalized.entries()) {
        const { header, id } = block;
        const epoch = chain.epochCell(epochOfHeight(header.height, parameters.epochHeights)) as EpochCell;
        if (!believes(header, proof, epoch)) {
          throw new Violation('I17', `a light client refuses final block ${header.height}`);
        }
        const falsified = FALSIFICATIONS[index % FALSIFICATIONS.length]?.(header) as Header;
        const before = chain.finalized[Math.max(0, index - 1)]?.proof ?? proof;
        for (const shown of [proof, before, replaced(proof, id, blockIdOf(falsified))]) {
          if (!believes(falsified, shown, epoch)) continue;
          throw new Violation('I17', `a light client believes a false block at height ${header.height}`);
        }
      }
    },
  };
}

const FALSIFICATIONS: readonly ((header: Header) => Header)[] = [
  (header) => ({ ...header, stateRoot: hash('sim/false', header.stateRoot) }),
  (header) => ({ ...header, timestampMs: header.timestampMs + 1 }),
  (header) => ({ ...header, parentId: hash('sim/false', header.parentId) }),
];

/** The proof as if its voters had signed another id. */
function replaced(proof: Uint8Array, id: Uint8Array, other: Uint8Array): Uint8Array {
  const copy = proof.slice();
  for (let at = 0; at + id.length <= copy.length; at++) {
    if (equalBytes(copy.subarray(at, at + id.length), id)) copy.set(other, at);
  }
  return copy;
}
