/**
 * How a chain goes on without voters that are gone for ever. Spec: docs/spec/halt-and-recovery.md, section 3.
 * A recovery is no record of the chain: whoever follows the chain over it is told of it, as of the genesis.
 */
import { epochOfHeight, type Genesis } from '@radledger/chain';
import {
  algorithmBytes,
  bytes,
  compareBytes,
  decodeWith,
  encodeCanonical,
  encodeWith,
  hash,
  list,
  literal,
  PrimitivesError,
  type SignatureClaim,
  struct,
  toHex,
  tuple,
  uint,
} from '@radledger/primitives';
import type { EpochContext } from './epoch-context.js';
import { ConsensusError } from './errors.js';

const TAG = 'radledger/recover/1';
export const RECOVERY_BYTES_MAX = 1024 * 1024;
export const KEYS_MAX = 4096;
/** Recovery keys of a genesis. */
export const POSITIONS_MAX = 256;

/** What is signed. */
export interface Recovery {
  /** The newest final block: everything above it begins anew. */
  readonly height: number;
  readonly blockId: Uint8Array;
  /** Node keys that neither vote nor lead above `height`, ever; ascending. */
  readonly leftOut: readonly Uint8Array[];
  /** 8 random bytes: two recoveries are never the same. */
  readonly nonce: Uint8Array;
}

export interface SignedRecovery extends Recovery {
  /** By recovery keys of genesis: position and signature, ascending. */
  readonly keySignatures: readonly (readonly [position: number, signature: Uint8Array])[];
  /** By node keys of the epoch of the next height, ascending. */
  readonly voterSignatures: readonly (readonly [nodeKey: Uint8Array, signature: Uint8Array])[];
}

const id = bytes({ length: 32 });
const schema = struct({
  format: literal(1),
  height: uint(),
  blockId: id,
  leftOut: list(id, { max: KEYS_MAX }),
  nonce: bytes({ length: 8 }),
  keySignatures: list(tuple(uint(255), algorithmBytes(64)), { max: POSITIONS_MAX }),
  voterSignatures: list(tuple(id, algorithmBytes(64)), { max: KEYS_MAX }),
});

export function recoverySignedBytes(chainId: Uint8Array, recovery: Recovery): Uint8Array {
  const { height, blockId, leftOut, nonce } = recovery;
  return encodeCanonical([TAG, chainId, height, blockId, [...leftOut], nonce]);
}

export function encodeRecovery(recovery: SignedRecovery): Uint8Array {
  return encodeWith(schema, { format: 1, ...recovery });
}

/** @throws {ConsensusError} `MALFORMED_RECOVERY` */
export function decodeRecovery(encoded: Uint8Array): SignedRecovery {
  try {
    const { format: _, ...recovery } = decodeWith(schema, encoded, { bytesMax: RECOVERY_BYTES_MAX });
    return recovery;
  } catch (cause) {
    if (!(cause instanceof PrimitivesError)) throw cause;
    throw new ConsensusError({ code: 'MALFORMED_RECOVERY' }, 'expected a recovery', { cause });
  }
}

/**
 * Checks who has signed a recovery: recovery keys up to the threshold of genesis, and node keys with more than half of the
 * weight of everyone who may lead; pure.
 * @param context.epoch - epoch of the next height as it is without this recovery
 * @returns the signatures left to verify: all must hold
 * @throws {ConsensusError} `RECOVERY_REFUSED` with the rule that it breaks
 */
export function recoveryClaims(
  recovery: SignedRecovery,
  context: {
    readonly chainId: Uint8Array;
    readonly genesis: Pick<Genesis, 'recoveryKeys' | 'recoveryThreshold'>;
    readonly epoch: EpochContext;
  },
): readonly SignatureClaim[] {
  const { chainId, genesis, epoch } = context;
  const { keySignatures, voterSignatures, leftOut } = recovery;
  const message = recoverySignedBytes(chainId, recovery);
  require(ascending(leftOut), 'keys left out ascending, each once');
  require(ascending(voterSignatures.map(([key]) => key)), 'signatures of voters ascending, each once');
  const positions = keySignatures.map(([position]) => position);
  require(positions.every(
    (position, index) => index === 0 || position > (positions[index - 1] as number),
  ), 'signatures of recovery keys ascending, each once');
  require(keySignatures.length >= genesis.recoveryThreshold, 'as many recovery keys as genesis demands');
  const claims = keySignatures.map(([position, signature]): SignatureClaim => {
    const key = genesis.recoveryKeys[position];
    if (key === undefined) throw refused('recovery keys of genesis');
    return { key, message, signature };
  });
  const weights = new Map(epoch.leaders.map(({ nodeKey, weight }) => [toHex(nodeKey), weight]));
  let weight = 0n;
  for (const [key, signature] of voterSignatures) {
    weight += weights.get(toHex(key)) ?? 0n;
    claims.push({ key, message, signature });
  }
  const total = epoch.leaders.reduce((sum, leader) => sum + leader.weight, 0n);
  require(weight * 2n > total, 'voters of more than half of the stake');
  return claims;
}

/** The epoch of a recovery's next height, and how the voters of that epoch are told from those before. */
export function recoveryIn(
  recoveries: readonly Recovery[],
  {
    chainId,
    epoch,
    epochHeights,
  }: { readonly chainId: Uint8Array; readonly epoch: number; readonly epochHeights: number },
): { readonly height: number; readonly id: Uint8Array } | undefined {
  const last = recoveries.findLast(({ height }) => epochOfHeight(height + 1, epochHeights) === epoch);
  return last && { height: last.height, id: recoveryIdOf(chainId, last) };
}

/** Those that count for the block at `height`, ascending by height, in whatever order they are given. */
export function recoveriesBefore<T extends Recovery>(recoveries: readonly T[], height: number): readonly T[] {
  return recoveries.filter((recovery) => recovery.height < height).sort(byHeight);
}

/**
 * What peers tell each other as the chain that they are on; 32 bytes. Those that follow other recoveries believe other voters: they
 * part at the handshake instead of taking each other for liars.
 */
export function networkIdOf(chainId: Uint8Array, recoveries: readonly Recovery[]): Uint8Array {
  if (recoveries.length === 0) return chainId;
  const ids = [...recoveries].sort(byHeight).map((recovery) => recoveryIdOf(chainId, recovery));
  return hash('radledger/network/1', chainId, ids);
}

const byHeight = (a: Recovery, b: Recovery): number => a.height - b.height;

function recoveryIdOf(chainId: Uint8Array, recovery: Recovery): Uint8Array {
  return hash('radledger/recovery/1', recoverySignedBytes(chainId, recovery));
}

function ascending(keys: readonly Uint8Array[]): boolean {
  return keys.every((key, index) => index === 0 || compareBytes(keys[index - 1] as Uint8Array, key) < 0);
}

function require(holds: boolean, rule: string): void {
  if (!holds) throw refused(rule);
}

function refused(rule: string): ConsensusError {
  return new ConsensusError({ code: 'RECOVERY_REFUSED', rule }, `expected ${rule}`);
}
