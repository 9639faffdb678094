/** Recoveries that this node was told to follow, each checked before its first use. Spec: docs/spec/halt-and-recovery.md, section 3. */
import { epochOfHeight, type Genesis } from '@radledger/chain';
import {
  ConsensusError,
  type ConsensusModule,
  type EpochContext,
  recoveriesBefore,
  recoveryClaims,
  type SignedRecovery,
} from '@radledger/consensus';
import { verifyAll } from '@radledger/primitives';
import type { LedgerStore } from '@radledger/storage';
import { LedgerError } from './errors.js';

export interface Recoveries {
  /** Ascending by height. */
  readonly all: readonly SignedRecovery[];
  /** Those that count for the block at `height`. */
  before(height: number): readonly SignedRecovery[];
  /**
   * Checks one, once: the block that it names is the final one, and those signed it who must.
   * @param contextsOf - the epoch of its next height and the one after, with these recoveries only
   * @throws {LedgerError} `RECOVERY_REFUSED`
   */
  check(recovery: SignedRecovery, contextsOf: ContextsOf): Promise<void>;
}

export type ContextsOf = (recoveries: readonly SignedRecovery[]) => {
  readonly epoch: EpochContext;
  /** Undefined as long as its seed is. */
  readonly nextEpoch?: EpochContext;
};

export function createRecoveries(
  recoveries: readonly SignedRecovery[],
  options: {
    readonly chainId: Uint8Array;
    readonly genesis: Genesis;
    readonly store: LedgerStore;
    readonly module: ConsensusModule;
  },
): Recoveries {
  const { chainId, genesis, store, module } = options;
  const all = [...recoveries].sort((a, b) => a.height - b.height);
  const checked = new Set<SignedRecovery>();
  for (const [index, { height }] of all.entries()) {
    if (all[index + 1]?.height === height) throw refused(height, 'one recovery a height');
  }

  /**
   * A recovery that comes too late would undo what is final. What is final above it must have been voted on by the voters after it;
   * of the proofs in its epoch the first that is kept shows that: the last always is.
   */
  async function isFollowed(recovery: SignedRecovery, contextsOf: ContextsOf): Promise<boolean> {
    const { epochHeights } = genesis.parameters;
    const tipHeight = store.tip?.height ?? 0;
    if (tipHeight <= recovery.height) return true;
    const last = (epochOfHeight(recovery.height + 1, epochHeights) + 1) * epochHeights;
    for (let height = recovery.height + 1; height <= Math.min(last, tipHeight); height += 1) {
      const [header, proof] = await Promise.all([store.header(height), store.finalityProof(height)]);
      if (header === undefined || proof === undefined) continue;
      try {
        const contexts = contextsOf(recoveriesBefore(all, height));
        const { parameters } = genesis;
        return await verifyAll(
          module.finalityClaims({ header, proof, ...contexts, trusted: header, chainId, parameters }),
        );
      } catch (error) {
        if (error instanceof ConsensusError) return false;
        throw error;
      }
    }
    return false;
  }

  return {
    all,
    before: (height) => recoveriesBefore(all, height),
    async check(recovery, contextsOf) {
      if (checked.has(recovery)) return;
      const { height, blockId } = recovery;
      const header = await store.header(height);
      // Joined above it, from a checkpoint that the operator trusts: nothing below is here to compare with.
      if (header === undefined && (store.tip?.height ?? 0) > height) {
        checked.add(recovery);
        return;
      }
      if (header === undefined || (await store.heightOf(blockId)) !== height) {
        throw refused(height, 'the final block of that height');
      }
      const earlier = recoveriesBefore(all, height);
      let claims: ReturnType<typeof recoveryClaims>;
      try {
        claims = recoveryClaims(recovery, { chainId, genesis, epoch: contextsOf(earlier).epoch });
      } catch (error) {
        if (error instanceof ConsensusError && error.info.code === 'RECOVERY_REFUSED') {
          throw refused(height, error.info.rule);
        }
        throw error;
      }
      if (!(await verifyAll(claims))) throw refused(height, 'signatures that hold');
      if (!(await isFollowed(recovery, contextsOf))) {
        throw refused(height, 'a chain that has not gone on without it');
      }
      checked.add(recovery);
    },
  };
}

function refused(height: number, rule: string): LedgerError {
  return new LedgerError(
    { code: 'RECOVERY_REFUSED', height, rule },
    `the recovery at height ${height}: expected ${rule}`,
  );
}
