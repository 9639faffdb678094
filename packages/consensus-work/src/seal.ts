/** Seal and proof of a block of work. Spec: docs/spec/work.md. */
import type { Header, SealedPosition } from '@radledger/chain';
import { ConsensusError } from '@radledger/consensus';
import { decodeWith, encodeWith, hash, type Infer, struct, uint } from '@radledger/primitives';

export const SEAL_KIND = 4;
const SEAL_BYTES_MAX = 64;
/** 2^40 hashes: more than the leading 48 bits of a hash can prove well. */
export const DIFFICULTY_MAX = 2 ** 40;
const LEADING_VALUES = 2 ** 48;

const sealSchema = struct({
  /** Hashes that a proof takes on average. */
  difficulty: uint(DIFFICULTY_MAX),
  /** Timestamp of the block that began the window in which the difficulty stays. */
  windowStartMs: uint(),
  /** A nonce that proves the parent: without it nobody could begin with this block. 0 on genesis. */
  parentNonce: uint(),
});
export type Seal = Infer<typeof sealSchema>;
const nonceSchema = uint();

export const encodeSeal = (seal: Seal): Uint8Array => encodeWith(sealSchema, seal);
export const encodeNonce = (nonce: number): Uint8Array => encodeWith(nonceSchema, nonce);

/** @throws {ConsensusError} `MALFORMED_SEAL` */
export function decodeSeal({ sealKind, sealBytes }: Pick<SealedPosition, 'sealKind' | 'sealBytes'>): Seal {
  let cause: unknown;
  try {
    const seal = decodeWith(sealSchema, sealBytes, { bytesMax: SEAL_BYTES_MAX });
    if (sealKind === SEAL_KIND && seal.difficulty > 0) return seal;
  } catch (error) {
    cause = error;
  }
  throw new ConsensusError({ code: 'MALFORMED_SEAL' }, 'expected the seal of a block of work', { cause });
}

/** @throws {ConsensusError} `MALFORMED_PROOF` */
export function decodeNonce(witness: Uint8Array): number {
  try {
    return decodeWith(nonceSchema, witness, { bytesMax: 16 });
  } catch (cause) {
    throw new ConsensusError({ code: 'MALFORMED_PROOF' }, 'expected a nonce beside the header', { cause });
  }
}

/** Whether a nonce proves work on a block: its hash lies below 2^48 / difficulty in the leading 48 bits. */
export function provesWork(blockId: Uint8Array, nonce: number, difficulty: number): boolean {
  const digest = hash('radledger/work/1', blockId, nonce);
  let leading = 0;
  for (let index = 0; index < 6; index++) leading = leading * 256 + (digest[index] as number);
  return leading < Math.floor(LEADING_VALUES / difficulty);
}

export interface Retargeting {
  readonly difficultyAtStart: number;
  /** The difficulty changes after so many blocks. */
  readonly windowHeights: number;
  readonly targetIntervalMs: number;
}

/** The seal that a child of this header must have, but for the nonce of the parent. */
export function sealAfter(parent: Header, rules: Retargeting): Omit<Seal, 'parentNonce'> {
  const { difficultyAtStart, windowHeights, targetIntervalMs } = rules;
  if (parent.height === 0) return { difficulty: difficultyAtStart, windowStartMs: parent.timestampMs };
  const { difficulty, windowStartMs } = decodeSeal(parent);
  if (parent.height % windowHeights !== 0) return { difficulty, windowStartMs };
  // Windows share their ends, so that no interval escapes the count; a window changes the difficulty fourfold at most.
  const wantedMs = BigInt(windowHeights) * BigInt(targetIntervalMs);
  const passedMs = clamp(BigInt(parent.timestampMs - windowStartMs), wantedMs / 4n, wantedMs * 4n);
  const next = clamp((BigInt(difficulty) * wantedMs) / (passedMs > 0n ? passedMs : 1n), 1n, BigInt(DIFFICULTY_MAX));
  return { difficulty: Number(next), windowStartMs: parent.timestampMs };
}

function clamp(value: bigint, low: bigint, high: bigint): bigint {
  return value < low ? low : value > high ? high : value;
}
