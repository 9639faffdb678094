/** Recoveries that this node was told to follow, each checked before its first use. Spec: docs/spec/halt-and-recovery.md, section 3. */
import type { Genesis } from '@radledger/chain';
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
   * @param contextOf - the epoch of its next height, with these recoveries only
   * @throws {LedgerError} `RECOVERY_REFUSED`
   */
  check(recovery: SignedRecovery, contextOf: (recoveries: readonly SignedRecovery[]) => EpochContext): Promise<void>;
}

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

  /** A recovery that comes too late would undo what is final. */
  async function isFollowed(height: number, epoch: EpochContext): Promise<boolean> {
    const [header, proof] = await Promise.all([store.header(height + 1), store.finalityProof(height + 1)]);
    if (header === undefined || proof === undefined) return true;
    try {
      const claims = module.finalityClaims({
        header,
        proof,
        epoch,
        trusted: header,
        chainId,
        parameters: genesis.parameters,
      });
      return await verifyAll(claims);
    } catch (error) {
      if (error instanceof ConsensusError) return false;
      throw error;
    }
  }

  return {
    all,
    before: (height) => recoveriesBefore(all, height),
    async check(recovery, contextOf) {
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
        claims = recoveryClaims(recovery, { chainId, genesis, epoch: contextOf(earlier) });
      } catch (error) {
        if (error instanceof ConsensusError && error.info.code === 'RECOVERY_REFUSED') {
          throw refused(height, error.info.rule);
        }
        throw error;
      }
      if (!(await verifyAll(claims))) throw refused(height, 'signatures that hold');
      if (!(await isFollowed(height, contextOf([...earlier, recovery])))) {
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
