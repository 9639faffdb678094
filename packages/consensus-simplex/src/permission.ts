/** Whether this node may vote and lead, and the questions to peers that come before (rule R7). */
import {
  type EpochContext,
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
    if (!equalBytes(seat.member.nodeKey, identity.nodeKey)) return 'KEY_DIFFERS';
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
    const entry = epoch.leaders.find(({ source }) => equalBytes(source, identity.source));
    return entry !== undefined && equalBytes(entry.nodeKey, identity.nodeKey);
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
      if (signedIn?.epoch === epoch) {
        const { vote } = signed;
        const bytes = voter.rules.signedBytes(voter.context.chainId, signedIn, vote);
        const timestampMs = vote.kind === 'notarize' ? vote.timestampMs : 0;
        startUp.shown({ epoch, view: vote.view, bytes, timestampMs });
      }
    }
    const answerer = voter.epoch.committee.find(({ nodeKey }) => toHex(nodeKey) === peer);
    if (answerer === undefined || equalBytes(answerer.source, own)) return;
    startUp.answered(answerer.source, answerer.weight, this.ownWeight(), voter.epoch.totalWeight);
    if (startUp.reason === undefined) this.parts.epochs.resume();
  }

  private ownWeight(): bigint {
    return this.voter.mySeat()?.member.weight ?? 0n;
  }
}
