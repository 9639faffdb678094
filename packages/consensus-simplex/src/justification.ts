/** Why a proposal may stand where it stands. Spec: docs/spec/simplex.md, section 5. */
import { ConsensusError } from '@radledger/consensus';
import { decodeWith, encodeWith, list, optional, struct, uint } from '@radledger/primitives';
import { type Certificate, certificateSchema } from './certificate.js';

/** Nullifications carried inline; voters hold or fetch what is older. */
export const NULLIFICATIONS_INLINE_MAX = 64;

/** Views after the boundary block's own until it was finalized: accounted for in the first block of the next epoch. */
export interface Tail {
  readonly firstView: number;
  /** Ascending by view; a view may be missing. */
  readonly certificates: readonly Certificate[];
}

export interface Justification {
  /** Certificate of the parent (of the block itself when it is proposed again); none on genesis. */
  readonly parent: Certificate | undefined;
  /** The newest 64 of the views between, ascending. */
  readonly nullifications: readonly Certificate[];
  readonly tail: Tail | undefined;
}

const justificationSchema = struct({
  parent: optional(certificateSchema),
  nullifications: list(certificateSchema, { max: NULLIFICATIONS_INLINE_MAX }),
  tail: optional(
    struct({ firstView: uint(), certificates: list(certificateSchema, { max: NULLIFICATIONS_INLINE_MAX }) }),
  ),
});

export function encodeJustification(justification: Justification): Uint8Array {
  return encodeWith(justificationSchema, justification);
}

/** @throws {ConsensusError} `MALFORMED_JUSTIFICATION` */
export function decodeJustification(encoded: Uint8Array, bytesMax: number): Justification {
  try {
    return decodeWith(justificationSchema, encoded, { bytesMax });
  } catch (cause) {
    throw new ConsensusError({ code: 'MALFORMED_JUSTIFICATION' }, 'expected a justification', { cause });
  }
}

/** Every certificate in it, the parent's first. */
export function certificatesOf(justification: Justification): readonly Certificate[] {
  const { parent, nullifications, tail } = justification;
  return [...(parent === undefined ? [] : [parent]), ...nullifications, ...(tail?.certificates ?? [])];
}
