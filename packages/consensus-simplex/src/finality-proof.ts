/** What proves a header final to anyone who knows the voters. Spec: docs/spec/simplex.md, section 7. */
import { blockIdOf, encodeHeader, type Header, HEADER_BYTES_MAX } from '@radledger/chain';
import { ConsensusError, decodeProvenHeader, type EpochContext } from '@radledger/consensus';
import {
  bytes,
  decodeWith,
  encodeWith,
  equalBytes,
  list,
  literal,
  type SignatureClaim,
  struct,
} from '@radledger/primitives';
import { type Certificate, certificateClaims, certificateSchema, statementOf } from './certificate.js';
import { SIMPLEX_RULES, type SimplexRules } from './rules.js';

/** The chain of descendants never leaves the epoch. */
const DESCENDANTS_MAX = 4096;
const PROOF_BYTES_MAX = 8 * 1024 * 1024;

const proofSchema = struct({
  format: literal(1),
  /** Encoded headers from the child of the proven header to the one that the certificate names; mostly none. */
  descendants: list(bytes({ max: HEADER_BYTES_MAX }), { max: DESCENDANTS_MAX }),
  certificate: certificateSchema,
});

export function encodeFinalityProof(descendants: readonly Header[], certificate: Certificate): Uint8Array {
  return encodeWith(proofSchema, { format: 1, descendants: descendants.map(encodeHeader), certificate });
}

/** The certificate of a proof, and whether it names the header itself. @throws {ConsensusError} `MALFORMED_PROOF` */
export function certificateOfProof(proof: Uint8Array): { readonly certificate: Certificate; readonly direct: boolean } {
  const { descendants, certificate } = decode(proof);
  return { certificate, direct: descendants.length === 0 };
}

/** @throws {ConsensusError} `MALFORMED_PROOF` | `WRONG_BLOCK` | `WRONG_EPOCH` | `NO_QUORUM` | `UNKNOWN_SEAT` */
export function finalityClaims(
  input: {
    readonly header: Header;
    readonly proof: Uint8Array;
    readonly epoch: EpochContext;
    readonly chainId: Uint8Array;
  },
  rules: SimplexRules = SIMPLEX_RULES,
): readonly SignatureClaim[] {
  const { descendants, certificate } = decode(input.proof);
  let id = blockIdOf(input.header);
  for (const encoded of descendants) {
    if (!equalBytes(decodeProvenHeader(encoded).parentId, id)) throw wrongBlock();
    id = blockIdOf(encoded);
  }
  const statement = statementOf(certificate);
  if (statement.kind !== 'finalize' || !equalBytes(statement.blockId, id)) throw wrongBlock();
  return certificateClaims(certificate, { chainId: input.chainId, epoch: input.epoch, rules });
}

function decode(proof: Uint8Array): { descendants: readonly Uint8Array[]; certificate: Certificate } {
  try {
    return decodeWith(proofSchema, proof, { bytesMax: PROOF_BYTES_MAX });
  } catch (cause) {
    throw new ConsensusError({ code: 'MALFORMED_PROOF' }, 'expected a finality proof', { cause });
  }
}

function wrongBlock(): ConsensusError {
  return new ConsensusError(
    { code: 'WRONG_BLOCK' },
    'expected a certificate that finalizes this header or a descendant',
  );
}
