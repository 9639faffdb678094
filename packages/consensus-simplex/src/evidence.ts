/** Which acts of a voter or leader this module can prove, and how it judges them; pure. Spec: docs/spec/evidence.md. */
import {
  blockIdOf,
  ChainError,
  decodeHeader,
  type EvidenceClaims,
  type Header,
  isBoundaryHeight,
  type Judgement,
  offenceClaims,
  type Parameters,
} from '@radledger/chain';
import {
  committeeRootOf,
  ConsensusError,
  type EpochContext,
  type EvidenceRegistry,
  type JudgeInput,
  leaderOf,
  seatOf,
  verifyVrfClaims,
  type VrfClaim,
} from '@radledger/consensus';
import { equalBytes, type SignatureClaim } from '@radledger/primitives';
import { type Certificate, certificateClaims, statementOf } from './certificate.js';
import {
  type CertConflict,
  decodeEvidence,
  EvidenceKind,
  type InvalidProposal,
  type VotePair,
} from './evidence-format.js';
import type { SimplexRules } from './rules.js';
import { decodeSeal, sealClaims } from './seal.js';
import { signedBytes, type Vote } from './vote.js';

type Accused = Pick<Judgement, 'view' | 'offenders'>;

export function createEvidence(rules: SimplexRules): EvidenceRegistry {
  return {
    kinds: new Map(
      Object.entries(EvidenceKind).map(([name, kind]) => [kind, name.charAt(0).toUpperCase() + name.slice(1)]),
    ),
    claims(encoded, chainId) {
      const evidence = decodeEvidence(encoded);
      if (evidence === undefined) return undefined;
      switch (evidence.kind) {
        case EvidenceKind.invalidProposal:
          return proposalClaims(evidence, chainId);
        case EvidenceKind.lateProof:
          return certificatesClaims(evidence, [evidence.certificate], chainId, rules);
        case EvidenceKind.certConflict:
          return certificatesClaims(evidence, evidence.certificates, chainId, rules);
        default: {
          const { nodeKey, votes } = evidence;
          const claim = ({ vote, signature }: (typeof votes)[0]): SignatureClaim => ({
            key: nodeKey,
            message: signedBytes(chainId, evidence, vote),
            signature,
          });
          return { holding: votes.map(claim), failing: [] };
        }
      }
    },
    judge(input) {
      const evidence = decodeEvidence(input.evidence);
      if (evidence === undefined || evidence.epoch !== input.epoch.epoch) return undefined;
      const { kind, epoch } = evidence;
      switch (evidence.kind) {
        case EvidenceKind.invalidProposal: {
          const accused = judgeProposal(evidence, input);
          return accused && { kind, epoch, verdict: 'INVALID', ...accused };
        }
        case EvidenceKind.lateProof: {
          const accused = isCommittee(evidence.committee, input) ? judgeLate(evidence.certificate, input) : undefined;
          return accused && { kind, epoch, verdict: 'LATE', ...accused };
        }
        case EvidenceKind.certConflict: {
          const accused = isCommittee(evidence.committee, input) ? judgeConflict(evidence, input.epoch) : undefined;
          return accused && { kind, epoch, verdict: 'EQUIVOCATED', ...accused };
        }
        default: {
          const accused = judgePair(evidence, input);
          return accused && { kind, epoch, verdict: 'EQUIVOCATED', ...accused };
        }
      }
    },
  };
}

/**
 * Kind of the misconduct that two votes of one key in one epoch and committee are; undefined when both may stand. A
 * notarization of one block and a finalization of another are no such pair: who saw more than two thirds notarize the other
 * may finalize it. Nor are two reasons to give a view up.
 */
export function exclusionOf(a: Vote, b: Vote): VotePair['kind'] | undefined {
  if (a.view !== b.view) return undefined;
  if (a.kind !== b.kind) {
    const kinds = [a.kind, b.kind];
    return kinds.includes('nullify') && kinds.includes('finalize') ? EvidenceKind.nullifyFinalize : undefined;
  }
  if (a.kind === 'nullify' || b.kind === 'nullify' || equalBytes(a.blockId, b.blockId)) return undefined;
  return PAIRS[a.kind];
}

const PAIRS = {
  proposal: EvidenceKind.conflictingProposal,
  notarize: EvidenceKind.conflictingNotarize,
  finalize: EvidenceKind.conflictingFinalize,
} as const;

/** The rule that a signed header breaks whatever its body and its chain: all but the random proof. */
export function brokenSealRule(
  header: Header,
  view: number,
  context: { readonly chainId: Uint8Array; readonly epoch: EpochContext; readonly parameters: Parameters },
): string | undefined {
  const claims = sealClaimsOrRule(header, view, context);
  return typeof claims === 'string' ? claims : undefined;
}

function sealClaimsOrRule(
  header: Header,
  view: number,
  context: { readonly chainId: Uint8Array; readonly epoch: EpochContext; readonly parameters: Parameters },
): readonly VrfClaim[] | string {
  if (!equalBytes(header.chainId, context.chainId)) return 'WRONG_CHAIN';
  try {
    const claims = sealClaims({ ...context, header });
    const seal = decodeSeal(header);
    const isAgain = seal.view < view && isBoundaryHeight(header.height, context.parameters.epochHeights);
    return seal.view === view || isAgain ? claims : 'WRONG_VIEW';
  } catch (error) {
    if (error instanceof ConsensusError) return error.code;
    throw error;
  }
}

function proposalClaims(evidence: InvalidProposal, chainId: Uint8Array): EvidenceClaims | undefined {
  const { nodeKey, view, signature, offence } = evidence;
  const failing = offence === undefined ? [] : offenceClaims(offence, chainId);
  if (failing === undefined) return undefined;
  const vote = { kind: 'proposal', view, blockId: blockIdOf(evidence.header) } as const;
  return { holding: [{ key: nodeKey, message: signedBytes(chainId, evidence, vote), signature }], failing };
}

function certificatesClaims(
  { epoch, committee }: Pick<CertConflict, 'epoch' | 'committee'>,
  certificates: readonly Certificate[],
  chainId: Uint8Array,
  rules: SimplexRules,
): EvidenceClaims | undefined {
  const voters: EpochContext = {
    epoch,
    committee,
    committeeRoot: committeeRootOf(chainId, epoch, committee),
    totalWeight: committee.reduce((sum, { weight }) => sum + weight, 0n),
    leaders: committee,
    seed: new Uint8Array(32), // decides leaders, which no certificate names
  };
  try {
    const holding = certificates.flatMap((certificate) =>
      certificateClaims(certificate, { chainId, epoch: voters, rules }),
    );
    return { holding, failing: [] };
  } catch (error) {
    if (error instanceof ConsensusError) return undefined;
    throw error;
  }
}

function isCommittee(committee: CertConflict['committee'], { chainId, epoch }: JudgeInput): boolean {
  return equalBytes(committeeRootOf(chainId, epoch.epoch, committee), epoch.committeeRoot);
}

function judgePair(
  { kind, committeeRoot, nodeKey, votes }: VotePair,
  { chainId, epoch }: JudgeInput,
): Accused | undefined {
  const [{ vote: first }, { vote: second }] = votes;
  if (!equalBytes(committeeRoot, epoch.committeeRoot) || exclusionOf(first, second) !== kind) return undefined;
  const { view } = first;
  const candidates = first.kind === 'proposal' ? leaders(chainId, epoch, view) : epoch.committee;
  const offender = candidates.find((member) => equalBytes(member.nodeKey, nodeKey));
  return offender && { view, offenders: [{ source: offender.source, nodeKey }] };
}

function judgeProposal(evidence: InvalidProposal, input: JudgeInput): Accused | undefined {
  const { committeeRoot, nodeKey, view, offence } = evidence;
  const { chainId, epoch, parameters, verifyVrf = verifyVrfClaims } = input;
  const [leader] = leaders(chainId, epoch, view);
  if (!equalBytes(committeeRoot, epoch.committeeRoot) || leader === undefined) return undefined;
  if (!equalBytes(leader.nodeKey, nodeKey)) return undefined;
  const header = headerOf(evidence.header);
  // What the leader signed is no header at all.
  const isOffence =
    header === undefined
      ? offence === undefined
      : offence === undefined
        ? breaksSeal(header, view, { chainId, epoch, parameters }, verifyVrf)
        : input.judgeOffence(header, offence) !== undefined;
  return isOffence ? { view, offenders: [{ source: leader.source, nodeKey }] } : undefined;
}

function breaksSeal(
  header: Header,
  view: number,
  context: Pick<JudgeInput, 'chainId' | 'epoch' | 'parameters'>,
  verifyVrf: (claims: readonly VrfClaim[]) => boolean,
): boolean {
  const claims = sealClaimsOrRule(header, view, context);
  return typeof claims === 'string' || !verifyVrf(claims);
}

function headerOf(encoded: Uint8Array): Header | undefined {
  try {
    return decodeHeader(encoded);
  } catch (error) {
    if (error instanceof ChainError) return undefined;
    throw error;
  }
}

/** A notarization speaks for its leader: enough voters had its block in time to certify it. */
function judgeLate(certificate: Certificate, { chainId, epoch }: JudgeInput): Accused | undefined {
  const { kind, view } = statementOf(certificate);
  const [leader] = leaders(chainId, epoch, view);
  if (kind !== 'notarize' || leader === undefined) return undefined;
  return { view, offenders: [{ source: leader.source, nodeKey: leader.nodeKey }] };
}

/** Who stands in both certificates signed both: more than a third of the weight, when both are quorums. */
function judgeConflict({ certificates }: CertConflict, epoch: EpochContext): Accused | undefined {
  const [first, second] = certificates;
  if (exclusionOf(statementOf(first), statementOf(second)) === undefined) return undefined;
  const seats = new Set(seatsOf(first));
  const offenders = seatsOf(second)
    .filter((seat) => seats.has(seat))
    .sort((a, b) => a - b)
    .map((seat) => seatOf(epoch, seat))
    .map(({ source, nodeKey }) => ({ source, nodeKey }));
  return offenders.length === 0 ? undefined : { view: statementOf(first).view, offenders };
}

function seatsOf({ groups }: Certificate): number[] {
  return groups.flatMap(({ signatures }) => signatures.map(([seat]) => seat));
}

/** The one leader of a view; none of view 0. */
function leaders(chainId: Uint8Array, epoch: EpochContext, view: number): readonly EpochContext['leaders'][number][] {
  return view === 0 ? [] : [leaderOf(chainId, epoch, view)];
}
