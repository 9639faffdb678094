/** Where signatures and certificates that exclude each other are noticed, and become evidence. */
import { encodeHeader, encodeOffence, type Header } from '@radledger/chain';
import { type Member, type PeerId, seatOf } from '@radledger/consensus';
import { toHex } from '@radledger/primitives';
import { type Certificate, statementOf } from './certificate.js';
import { brokenSealRule, exclusionOf } from './evidence.js';
import { encodeEvidence, EvidenceKind, type SignedStatement } from './evidence-format.js';
import { certificatesOf, decodeJustification } from './justification.js';
import { decodeMessage, type Message } from './message.js';
import { VoteMemory } from './vote-memory.js';
import type { CertifiedKind, ViewState } from './view-state.js';
import { NullifyReason, type Vote } from './vote.js';
import type { VoterState } from './voter-state.js';

export class Conflicts {
  private readonly memory = new VoteMemory();
  /** What was proven in this epoch: key and kind, or for a late leader the view. Bounded by the seats and views held. */
  private readonly proven = new Set<string>();

  constructor(private readonly voter: VoterState) {}

  /** Everything signed in a message of this epoch, whatever becomes of the message: late votes of views long final too. */
  look(message: Message, peer: PeerId | undefined): void {
    const { epoch } = this.voter.epoch;
    if (message.type === 'vote' && message.epoch === epoch) {
      const { seat, vote, signature } = message.signed;
      if (vote.kind !== 'proposal') this.see(seatOf(this.voter.epoch, seat), { vote, signature }, peer);
    } else if (message.type === 'certificate') this.seeCertificate(message.certificate, peer);
    else if (message.type === 'proposal' && message.epoch === epoch) {
      const { view, signature, block, again } = message;
      this.see(this.voter.leader(view), { vote: { kind: 'proposal', view, blockId: block.id }, signature }, peer);
      const { blockBytesMax } = this.voter.context.parameters;
      for (const certificate of certificatesOf(decodeJustification(again ?? block.body.justification, blockBytesMax))) {
        this.seeCertificate(certificate, peer);
      }
    }
  }

  beginEpoch(): void {
    this.memory.clear();
    this.proven.clear();
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
    this.emit(`${kind}/${toHex(nodeKey)}`, {
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
    for (const other of state.certificates.values()) this.proveConflict(other, certificate);
  }

  private see(member: Member, signed: SignedStatement, peer: PeerId | undefined): void {
    const { vote } = signed;
    for (const earlier of this.memory.add(member.nodeKey, signed, this.voter.view)) {
      const kind = exclusionOf(earlier.vote, vote);
      if (kind === undefined) continue;
      this.voter.report(CODES[kind], { peer, view: vote.view, offender: member.source });
      const { epoch, committeeRoot } = this.voter.epoch;
      const { nodeKey } = member;
      const votes = [earlier, signed] as const;
      this.emit(`${kind}/${toHex(nodeKey)}`, { kind, epoch, committeeRoot, nodeKey, votes });
    }
  }

  private seeCertificate(certificate: Certificate, peer: PeerId | undefined): void {
    if (certificate.epoch !== this.voter.epoch.epoch) return;
    for (const { vote, signatures } of certificate.groups) {
      for (const [seat, signature] of signatures) this.see(seatOf(this.voter.epoch, seat), { vote, signature }, peer);
    }
  }

  private proveConflict(earlier: Certificate, later: Certificate): void {
    if (exclusionOf(statementOf(earlier), statementOf(later)) === undefined) return;
    const kind = EvidenceKind.certConflict;
    const { epoch, committee } = this.voter.epoch;
    this.emit(`${kind}`, { kind, epoch, committee, certificates: [earlier, later] });
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
    if (silent * 3n > totalWeight) this.emit(`${kind}/${view}`, { kind, epoch, committee, certificate });
  }

  private emit(name: string, evidence: Parameters<typeof encodeEvidence>[0]): void {
    if (this.proven.has(name)) return;
    this.proven.add(name);
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
