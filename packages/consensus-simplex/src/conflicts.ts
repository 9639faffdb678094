/** Where signatures and certificates that exclude each other are noticed, and become evidence. */
import { encodeHeader, encodeOffence, type Header } from '@radledger/chain';
import { type EpochContext, leaderOf, type Member, type PeerId, seatOf } from '@radledger/consensus';
import { toHex } from '@radledger/primitives';
import { type Certificate, statementOf } from './certificate.js';
import { brokenSealRule, exclusionOf } from './evidence.js';
import { encodeEvidence, EvidenceKind, type SignedStatement } from './evidence-format.js';
import { certificatesOf, decodeJustification } from './justification.js';
import { decodeMessage, type Message } from './message.js';
import { VIEWS_BEHIND, VoteMemory } from './vote-memory.js';
import type { CertifiedKind, ViewState } from './view-state.js';
import { NullifyReason, type Vote } from './vote.js';
import type { VoterState } from './voter-state.js';

/** What was signed in one epoch. */
interface Watched {
  readonly epoch: EpochContext;
  readonly memory: VoteMemory;
  /** What was proven: key and kind, or for a late leader the view. Bounded by the seats and views held. */
  readonly proven: Set<string>;
  /** The newest view in which this node stood. */
  view: number;
}

function watch(epoch: EpochContext): Watched {
  return { epoch, memory: new VoteMemory(), proven: new Set(), view: 0 };
}

export class Conflicts {
  private open!: Watched;
  /** The epoch before, for the first views of the next: a fork at its last block shows only then. */
  private before: Watched | undefined;

  constructor(private readonly voter: VoterState) {}

  /** Everything signed in a message, whatever becomes of the message: late votes of views long final too. */
  look(message: Message, peer: PeerId | undefined): void {
    if (message.type === 'certificate') return this.seeCertificate(message.certificate, peer);
    if (message.type !== 'vote' && message.type !== 'proposal') return;
    const watched = this.watchedIn(message.epoch);
    if (watched === undefined) return;
    if (message.type === 'vote') {
      const { seat, vote, signature } = message.signed;
      if (vote.kind !== 'proposal') this.see(watched, seatOf(watched.epoch, seat), { vote, signature }, peer);
      return;
    }
    const { view, signature, block, again } = message;
    const { chainId, parameters } = this.voter.context;
    const vote = { kind: 'proposal', view, blockId: block.id } as const;
    this.see(watched, leaderOf(chainId, watched.epoch, view), { vote, signature }, peer);
    const justification = decodeJustification(again ?? block.body.justification, parameters.blockBytesMax);
    for (const certificate of certificatesOf(justification)) this.seeCertificate(certificate, peer);
  }

  /** What the host could not verify, because it does not know the voters of the epoch before, counts for nothing here either. */
  beginEpoch(): void {
    const { epoch, previousEpoch } = this.voter;
    const last = this.open as Watched | undefined;
    const isKnown = last !== undefined && last.epoch === previousEpoch;
    this.before = isKnown ? last : previousEpoch && watch(previousEpoch);
    this.open = watch(epoch);
  }

  /** The votes that made the block before this epoch final. */
  seeBoundary(): void {
    const certificate = this.voter.boundaryCertificate;
    if (certificate === undefined || this.before === undefined) return;
    this.before.view = Math.max(this.before.view, statementOf(certificate).view);
    this.seeCertificate(certificate, undefined);
  }

  /** The leader signed a block that no rule allows. `offence`: what the core proves; without it the seal must show it. */
  invalidProposal(
    view: number,
    wire: Uint8Array,
    found: { readonly code?: string; readonly offence?: Uint8Array },
  ): void {
    const { epoch, context } = this.voter;
    const message = decodeMessage(wire, context.parameters.blockBytesMax);
    if (message.type !== 'proposal') return;
    const { header } = message.block;
    const rule = brokenSealRule(header, view, { chainId: context.chainId, parameters: context.parameters, epoch });
    if (found.offence === undefined && rule === undefined && found.code !== 'BAD_RANDOM_PROOF') return;
    const { nodeKey } = this.voter.leader(view);
    const kind = EvidenceKind.invalidProposal;
    this.emit(this.open, `${kind}/${toHex(nodeKey)}`, {
      kind,
      epoch: epoch.epoch,
      committeeRoot: epoch.committeeRoot,
      nodeKey,
      view,
      signature: message.signature,
      header: encodeHeader(header),
      offence: rule === undefined ? found.offence : undefined,
    });
  }

  /** The header does not fit its parent's. */
  wrongChild(view: number, wire: Uint8Array, parent: Header): void {
    this.invalidProposal(view, wire, { offence: encodeOffence({ type: 'parent', parent: encodeHeader(parent) }) });
  }

  /** Two certificates that exclude each other: a third of the weight or more has lied. Nothing is safe to vote on. */
  checkCertificates(state: ViewState, kind: CertifiedKind, certificate: Certificate): void {
    const statement = statementOf(certificate);
    this.speakForLeader(state, statement.view);
    const blocks = new Set([statement, ...[...state.certificates.values()].map(statementOf)].map(blockOf));
    blocks.delete(undefined);
    const excluded = state.certificates.has('finalize') && (kind === 'nullify' || state.certificates.has('nullify'));
    if (blocks.size < 2 && !excluded) return;
    this.voter.safeMode = true;
    this.voter.report('CERTIFICATE_CONFLICT', { view: statement.view });
    for (const other of state.certificates.values()) this.proveConflict(this.open, other, certificate);
  }

  /** What is signed in an epoch that still counts; nothing of the one before once the next has come far enough. */
  private watchedIn(epoch: number): Watched | undefined {
    if (this.voter.view > VIEWS_BEHIND) this.before = undefined;
    return [this.open, this.before].find((watched) => watched?.epoch.epoch === epoch);
  }

  private see(watched: Watched, member: Member, signed: SignedStatement, peer: PeerId | undefined): void {
    const { vote } = signed;
    if (watched === this.open) watched.view = this.voter.view;
    for (const earlier of watched.memory.add(member.nodeKey, signed, watched.view)) {
      const kind = exclusionOf(earlier.vote, vote);
      if (kind === undefined) continue;
      this.voter.report(CODES[kind], { peer, view: vote.view, offender: member.source });
      const { epoch, committeeRoot } = watched.epoch;
      const { nodeKey } = member;
      const votes = [earlier, signed] as const;
      this.emit(watched, `${kind}/${toHex(nodeKey)}`, { kind, epoch, committeeRoot, nodeKey, votes });
    }
  }

  private seeCertificate(certificate: Certificate, peer: PeerId | undefined): void {
    const watched = this.watchedIn(certificate.epoch);
    if (watched === undefined) return;
    for (const { vote, signatures } of certificate.groups) {
      for (const [seat, signature] of signatures) {
        this.see(watched, seatOf(watched.epoch, seat), { vote, signature }, peer);
      }
    }
    if (watched === this.before) this.checkBoundary(watched, certificate);
  }

  /** Another certificate of the epoch before excludes the one that ended it. */
  private checkBoundary(before: Watched, certificate: Certificate): void {
    const { boundaryCertificate } = this.voter;
    if (boundaryCertificate === undefined) return;
    const statement = statementOf(certificate);
    if (exclusionOf(statementOf(boundaryCertificate), statement) === undefined) return;
    this.voter.safeMode = true;
    this.voter.report('CERTIFICATE_CONFLICT', { view: statement.view });
    this.proveConflict(before, boundaryCertificate, certificate);
  }

  private proveConflict(watched: Watched, earlier: Certificate, later: Certificate): void {
    if (exclusionOf(statementOf(earlier), statementOf(later)) === undefined) return;
    const kind = EvidenceKind.certConflict;
    const { epoch, committee } = watched.epoch;
    this.emit(watched, `${kind}`, { kind, epoch, committee, certificates: [earlier, later] });
  }

  /** A view was given up as if its leader had been silent, and its block was notarized all the same. */
  private speakForLeader(state: ViewState, view: number): void {
    const [certificate, nullification] = [state.certificates.get('notarize'), state.certificates.get('nullify')];
    const kind = EvidenceKind.lateProof;
    if (certificate === undefined || nullification === undefined) return;
    const { epoch, committee, totalWeight } = this.voter.epoch;
    const silent = nullification.groups
      .filter(({ vote }) => vote.kind === 'nullify' && vote.reason === NullifyReason.noProposal)
      .flatMap(({ signatures }) => signatures)
      .reduce((sum, [seat]) => sum + seatOf(this.voter.epoch, seat).weight, 0n);
    // Else the view does not count as missed.
    if (silent * 3n > totalWeight) this.emit(this.open, `${kind}/${view}`, { kind, epoch, committee, certificate });
  }

  private emit({ proven }: Watched, name: string, evidence: Parameters<typeof encodeEvidence>[0]): void {
    if (proven.has(name)) return;
    proven.add(name);
    this.voter.effect({ type: 'evidence', epoch: evidence.epoch, bytes: encodeEvidence(evidence) });
  }
}

const CODES = {
  [EvidenceKind.conflictingProposal]: 'CONFLICTING_PROPOSAL',
  [EvidenceKind.conflictingNotarize]: 'CONFLICTING_NOTARIZE',
  [EvidenceKind.conflictingFinalize]: 'CONFLICTING_FINALIZE',
  [EvidenceKind.nullifyFinalize]: 'NULLIFY_AND_FINALIZE',
} as const;

function blockOf(vote: Vote): string | undefined {
  return vote.kind === 'nullify' ? undefined : toHex(vote.blockId);
}
