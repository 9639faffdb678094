/** The seal of a header: where and by what right it was proposed. Spec: docs/spec/simplex.md, section 4. */
import type { Header, SealedPosition } from '@radledger/chain';
import { epochOfHeight, type Parameters } from '@radledger/chain';
import { ConsensusError, type EpochContext, leaderOf, vrfAlpha, type VrfClaim } from '@radledger/consensus';
import {
  bytes,
  decodeWith,
  encodeWith,
  equalBytes,
  hash,
  type Infer,
  struct,
  uint,
  vrfProofToHash,
} from '@radledger/primitives';

export const SEAL_KIND = 1;
const SEAL_BYTES_MAX = 256;

const sealSchema = struct({
  epoch: uint(),
  /** From 1, in each epoch anew. */
  view: uint(),
  vrfProof: bytes({ length: 80 }),
  justificationRoot: bytes({ length: 32 }),
});
export type Seal = Infer<typeof sealSchema>;

export function encodeSeal(seal: Seal): Uint8Array {
  return encodeWith(sealSchema, seal);
}

/** @throws {ConsensusError} `MALFORMED_SEAL` */
export function decodeSeal(position: Pick<SealedPosition, 'sealKind' | 'sealBytes'>): Seal {
  try {
    if (position.sealKind === SEAL_KIND)
      return decodeWith(sealSchema, position.sealBytes, { bytesMax: SEAL_BYTES_MAX });
  } catch (cause) {
    throw new ConsensusError({ code: 'MALFORMED_SEAL' }, 'expected the seal of a simplex header', { cause });
  }
  throw new ConsensusError({ code: 'MALFORMED_SEAL' }, `expected a seal of kind ${SEAL_KIND}`);
}

/** What the seal says of the justification in the body. */
export function justificationRootOf(justification: Uint8Array): Uint8Array {
  return hash('radledger/simplex-justification/1', justification);
}

/** @throws {ConsensusError} `MALFORMED_SEAL` | `WRONG_EPOCH` | `WRONG_LEADER` */
export function sealClaims(input: {
  readonly header: Header;
  readonly epoch: EpochContext;
  readonly chainId: Uint8Array;
  readonly parameters: Parameters;
}): readonly VrfClaim[] {
  const { header, epoch, chainId, parameters } = input;
  const seal = decodeSeal(header);
  const expectedEpoch = epochOfHeight(header.height, parameters.epochHeights);
  if (seal.epoch !== epoch.epoch || expectedEpoch !== epoch.epoch) {
    const info = { code: 'WRONG_EPOCH', expectedEpoch, actualEpoch: seal.epoch } as const;
    throw new ConsensusError(info, `expected a header of epoch ${epoch.epoch}`);
  }
  const leader = leaderOf(chainId, epoch, seal.view);
  if (seal.view === 0 || !equalBytes(leader.source, header.proposer)) {
    const info = { code: 'WRONG_LEADER', epoch: seal.epoch, view: seal.view } as const;
    throw new ConsensusError(info, 'expected the leader of the view as proposer');
  }
  const alpha = vrfAlpha({ chainId, seed: epoch.seed, epoch: epoch.epoch, height: header.height });
  return [{ key: leader.vrfKey, alpha, proof: seal.vrfProof }];
}

/** Random output of a seal; undefined when the seal is none of this module. */
export function randomnessOf(position: SealedPosition): Uint8Array | undefined {
  try {
    return vrfProofToHash(decodeSeal(position).vrfProof);
  } catch {
    return undefined;
  }
}
