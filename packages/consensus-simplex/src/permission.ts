/** Whether this node may vote and lead, and the questions to peers that come before (rule R7). */
import {
  type EpochContext,
  holdsNodeKey,
  holdsVrfKey,
  ownMember,
  type Member,
  type ModuleIdentity,
  type PeerId,
  type SignLogState,
  StartUpRule,
  type VotingReason,
} from '@radledger/consensus';
import { equalBytes, toHex } from '@radledger/primitives';
import type { Message, MessageOf } from './message.js';
import type { Parts } from './parts.js';
import type { VoterState } from './voter-state.js';

export class Permission {
  private startUp: StartUpRule | undefined;

  constructor(
    private readonly voter: VoterState,
    private readonly parts: Pick<Parts, 'epochs' | 'fetching'>,
  ) {}

  get started(): boolean {
    return this.startUp !== undefined;
  }

  /** Whether peers have to be asked for the newest vote of this node's key. */
  get asks(): boolean {
    return this.startUp?.asks ?? false;
  }

  start(signLog: SignLogState): void {
    const { now, rules, context } = this.voter;
    this.startUp = new StartUpRule({
      startedAtMs: now,
      signLog,
      askPeers: rules.askPeersBeforeVoting,
      clockPrecisionMs: context.parameters.clockPrecisionMs,
    });
  }

  /** The node itself saw the epoch before end. */
  begins({ epoch }: EpochContext, boundaryTimestampMs: number): void {
    this.startUp?.begins(epoch, boundaryTimestampMs);
  }

  /** The node starts on, or fetched, a state of this epoch. */
  arrives({ epoch }: EpochContext, timestampMs: number): void {
    this.startUp?.arrives(epoch, timestampMs);
  }

  votingReason(): VotingReason | undefined {
    const { voter } = this;
    const { identity } = voter.context;
    if (identity === undefined) return 'NO_IDENTITY';
    if (voter.safeMode) return 'SAFE_MODE';
    const seat = voter.mySeat();
    if (seat === undefined) return 'NOT_IN_COMMITTEE';
    if (!holdsNodeKey(identity, seat.member.nodeKey)) return 'KEY_DIFFERS';
    return this.startUp?.reason;
  }

  mayVote(): boolean {
    return !this.voter.awaitingEpoch && this.votingReason() === undefined;
  }

  /** Every member with weight leads in its turn, voters or not; what binds a voter at its start binds a leader too. */
  mayLead(): boolean {
    const { context, awaitingEpoch, safeMode, epoch } = this.voter;
    const { identity } = context;
    if (identity === undefined || awaitingEpoch || safeMode || this.startUp?.reason !== undefined) return false;
    const entry = ownMember(identity, epoch);
    if (entry === undefined) return false;
    return holdsNodeKey(identity, entry.nodeKey) && holdsVrfKey(identity, entry.vrfKey);
  }

  askNewestVotes(send: (message: Message) => void): void {
    const source = this.voter.context.identity?.source;
    if (source !== undefined) send({ type: 'ask-newest-vote', source });
  }

  askAllForNewestVotes(): void {
    if (!this.asks) return;
    this.askNewestVotes((message) => this.voter.broadcast(message));
    this.parts.fetching.arm();
  }

  /** A node whose own weight is a quorum has nobody to ask. */
  answerSelf(): void {
    const source = this.voter.context.identity?.source;
    if (source !== undefined) this.startUp?.answered(source, 0n, this.ownWeight(), this.voter.epoch.totalWeight);
  }

  onNewestVote(peer: PeerId | undefined, { newest, source }: MessageOf<'newest-vote'>): void {
    const { startUp, voter } = this;
    const own = voter.context.identity?.source;
    if (startUp === undefined || !startUp.asks || own === undefined || !equalBytes(source, own)) return;
    if (newest !== undefined) {
      const { epoch, signed } = newest;
      if (epoch > voter.epoch.epoch) return;
      // The newest vote that the peer holds is of an epoch long gone: not verified, and as good as none.
      const signedIn = epoch === voter.epoch.epoch ? voter.epoch : voter.previousEpoch;
      // A vote of a key that this node no longer has says nothing about the one that it has.
      const signer = ownMember(voter.context.identity, signedIn);
      const isOwn = signer === undefined || holdsNodeKey(voter.context.identity as ModuleIdentity, signer.nodeKey);
      if (signedIn?.epoch === epoch && isOwn) {
        const { vote } = signed;
        const bytes = voter.rules.signedBytes(voter.context.chainId, signedIn, vote);
        const timestampMs = vote.kind === 'notarize' ? vote.timestampMs : 0;
        startUp.shown({ epoch, view: vote.view, bytes, timestampMs });
      }
    }
    const answerer = this.voterOfPeer(peer);
    if (answerer === undefined || equalBytes(answerer.source, own)) return;
    startUp.answered(answerer.source, answerer.weight, this.ownWeight(), voter.epoch.totalWeight);
    if (startUp.reason === undefined) this.parts.epochs.resume();
  }

  /** The voter that a peer is; one that changed its key with this epoch may still be connected by the old one. */
  private voterOfPeer(peer: PeerId | undefined): Member | undefined {
    const { epoch, previousEpoch } = this.voter;
    const isPeer = ({ nodeKey }: Member): boolean => toHex(nodeKey) === peer;
    const found = epoch.committee.find(isPeer) ?? previousEpoch?.committee.find(isPeer);
    return found && epoch.committee.find(({ source }) => equalBytes(source, found.source));
  }

  private ownWeight(): bigint {
    return this.voter.mySeat()?.member.weight ?? 0n;
  }
}
