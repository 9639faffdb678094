/** What proves a header final to anyone who knows its epoch and the next. Spec: docs/spec/fork-choice.md, section 5. */
import { blockIdOf, encodeHeader, epochOfHeight, type Header, HEADER_BYTES_MAX } from '@radledger/chain';
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
import type { EpochContext } from '../epoch-context.js';
import { ConsensusError } from '../errors.js';
import { decodeProvenHeader } from '../proven-header.js';
import { newestFinal } from './finality-rule.js';
import { WITNESS_BYTES_MAX } from './message.js';
import type { ForkChoiceRules, RuleContext, SealedHeader } from './rules.js';

/** A branch that waits for finality is never longer. */
export const DESCENDANTS_MAX = 1_024;
const PROOF_BYTES_MAX = 4 * 1024 * 1024;

const headerBytes = bytes({ max: HEADER_BYTES_MAX });
const witness = bytes({ max: WITNESS_BYTES_MAX });
const proofSchema = struct({
  format: literal(1),
  /** What the proven header follows: it must be allowed to. */
  parent: headerBytes,
  witness,
  /** From the child of the proven header on. */
  descendants: list(struct({ header: headerBytes, witness }), { max: DESCENDANTS_MAX }),
});

/** @param chain - the proven block, then its descendants */
export function encodeFinalityProof(parent: Header, chain: readonly SealedHeader[]): Uint8Array {
  const [proven, ...descendants] = chain;
  return encodeWith(proofSchema, {
    format: 1,
    parent: encodeHeader(parent),
    witness: proven?.witness ?? new Uint8Array(),
    descendants: descendants.map((sealed) => ({ header: encodeHeader(sealed.header), witness: sealed.witness })),
  });
}

/** The witness of the proven header. @throws {ConsensusError} `MALFORMED_PROOF` */
export function witnessOfProof(proof: Uint8Array): Uint8Array {
  return decode(proof).witness;
}

/** @throws {ConsensusError} `MALFORMED_PROOF` | `WRONG_BLOCK` | `WRONG_EPOCH` | `NO_QUORUM` | what the rules throw */
export function finalityClaims(
  rules: ForkChoiceRules,
  input: RuleContext & {
    readonly header: Header;
    readonly proof: Uint8Array;
    readonly epoch: EpochContext;
    readonly nextEpoch?: EpochContext | undefined;
    readonly trusted?: Header | undefined;
  },
): readonly SignatureClaim[] {
  const { header, epoch, nextEpoch, parameters } = input;
  const proof = decode(input.proof);
  const chain: SealedHeader[] = [{ header, id: blockIdOf(header), witness: proof.witness }];
  for (const { header: encoded, witness } of proof.descendants) {
    chain.push({ header: decodeProvenHeader(encoded), id: blockIdOf(encoded), witness });
  }
  const epochAt = (height: number): EpochContext | undefined => {
    const number = epochOfHeight(height, parameters.epochHeights);
    return [epoch, nextEpoch].find((known) => known?.epoch === number);
  };
  const claims: SignatureClaim[] = [];
  let parent: Pick<SealedHeader, 'header' | 'id'> = {
    header: decodeProvenHeader(proof.parent),
    id: blockIdOf(proof.parent),
  };
  for (const sealed of chain) {
    const { header: child } = sealed;
    if (!equalBytes(child.parentId, parent.id) || child.height !== parent.header.height + 1) throw wrongBlock();
    const itsEpoch = epochAt(child.height);
    if (itsEpoch === undefined) {
      const number = epochOfHeight(child.height, parameters.epochHeights);
      const info = { code: 'WRONG_EPOCH', expectedEpoch: epoch.epoch, actualEpoch: number } as const;
      throw new ConsensusError(info, 'expected descendants of the same epoch or the next');
    }
    const context = { ...input, epoch: itsEpoch };
    // Whom a slot belongs to follows from the epoch, which the reader trusts. Random proofs feed later seeds only, and those
    // come out of the state: nothing here rests on them.
    rules.checkSeal(child, context);
    rules.checkLink(parent.header, child, input);
    claims.push(...rules.checkWitness(sealed, context));
    parent = sealed;
  }
  const headers = chain.map((sealed) => sealed.header);
  checkRoot(rules, headers, input);
  const { settings } = input;
  if (newestFinal(headers, rules.finality, { settings, epochAt }) >= 0) return claims;
  throw new ConsensusError(
    { code: 'NO_QUORUM', epoch: epoch.epoch, view: header.height },
    'expected descendants that make the header final',
  );
}

/** Links say what a header may be after its parent; whoever made up the parent made up all of them. */
function checkRoot(
  rules: ForkChoiceRules,
  headers: readonly Header[],
  input: RuleContext & { readonly trusted?: Header | undefined },
): void {
  const { trusted } = input;
  if (rules.checkDistant === undefined) return;
  if (trusted === undefined) throw wrongBlock();
  const [proven] = headers as [Header];
  const trustedId = blockIdOf(trusted);
  const isRooted = equalBytes(trustedId, proven.parentId) || equalBytes(trustedId, blockIdOf(proven));
  if (!isRooted) rules.checkDistant(headers, trusted, input);
}

function decode(proof: Uint8Array): ReturnType<typeof proofSchema.decode> {
  try {
    return decodeWith(proofSchema, proof, { bytesMax: PROOF_BYTES_MAX });
  } catch (cause) {
    throw new ConsensusError({ code: 'MALFORMED_PROOF' }, 'expected a finality proof', { cause });
  }
}

function wrongBlock(): ConsensusError {
  return new ConsensusError(
    { code: 'WRONG_BLOCK' },
    'expected the header after one that is trusted, and its descendants in a row',
  );
}
