/** When a node may vote after a start (rule R7). Spec: docs/spec/consensus-boundary.md, section 4. */
import { toHex } from '@radledger/primitives';
import type { SignLogState, VotingReason } from './module.js';
import { isQuorum } from './quorum.js';

export interface StartUpOptions {
  /** Unix ms by this node's clock, which may be wrong. */
  readonly startedAtMs: number;
  readonly signLog: SignLogState;
  /** False takes the questions to peers away: for tests of the tests only. */
  readonly askPeers: boolean;
  /** The parameter of this name. */
  readonly clockPrecisionMs: number;
}

/** A vote of this node's key that a peer holds; its signature was verified. */
export interface ShownVote {
  readonly epoch: number;
  readonly view: number;
  /** Signed bytes. */
  readonly bytes: Uint8Array;
  /** Unix ms; 0 when the vote names no time. */
  readonly timestampMs: number;
}

/**
 * A node votes only with a sign-log that is whole: present, and not older than what a quorum of its peers show of its key.
 * Else it waits for an epoch that it sees begin, after all that it knows to be past, and in which no peer of a quorum holds
 * a vote of its key: nobody can hold an earlier one. Its own clock alone decides nothing.
 */
export class StartUpRule {
  private waits: 'SIGN_LOG_MISSING' | 'SIGN_LOG_OLD' | undefined;
  private enough: boolean;
  /** The current epoch began while this node watched, late enough. */
  private fresh = false;
  private epoch = 0;
  private pastMs: number;
  private readonly answers = new Map<string, bigint>();
  private readonly signed: ReadonlySet<string>;
  private readonly newest: { readonly epoch: number; readonly view: number };

  constructor(private readonly options: StartUpOptions) {
    const { signLog, startedAtMs, askPeers } = options;
    const records = signLog.state === 'present' ? signLog.records : [];
    this.waits = signLog.state === 'missing' ? 'SIGN_LOG_MISSING' : undefined;
    this.enough = !askPeers;
    this.pastMs = startedAtMs;
    this.signed = new Set(records.map(({ bytes }) => toHex(bytes)));
    this.newest = records.reduce((newest, record) => (isLater(record, newest) ? record : newest), {
      epoch: 0,
      view: 0,
    });
  }

  /** Undefined when votes are allowed; then for good. */
  get reason(): VotingReason | undefined {
    return this.waits ?? (this.enough ? undefined : 'ASKING_PEERS');
  }

  /** Whether peers have to be asked for the newest vote of this node's key. */
  get asks(): boolean {
    return !this.enough;
  }

  shown(vote: ShownVote): void {
    if (this.reason === undefined) return;
    this.isPast(vote.timestampMs);
    if (this.signed.has(toHex(vote.bytes)) || isLater(this.newest, vote)) return;
    this.waits ??= 'SIGN_LOG_OLD';
    if (vote.epoch >= this.epoch) this.fresh = false;
  }

  /** A voter has said what it holds. Enough have when they and this node are a quorum: without them nothing is final. */
  answered(source: Uint8Array, weight: bigint, own: bigint, totalWeight: bigint): void {
    if (this.enough) return;
    this.answers.set(toHex(source), weight);
    let sum = own;
    for (const answered of this.answers.values()) sum += answered;
    this.enough = isQuorum(sum, totalWeight);
    this.decide();
  }

  /** The node starts on, or fetched, a state of this epoch: others may have been in it for long. */
  arrives(epoch: number, timestampMs: number): void {
    this.isPast(timestampMs);
    if (epoch !== this.epoch) this.enter(epoch, false);
  }

  /** The node itself saw the last block of the epoch before become final. */
  begins(epoch: number, boundaryTimestampMs: number): void {
    this.enter(epoch, boundaryTimestampMs > this.pastMs + this.options.clockPrecisionMs);
  }

  private enter(epoch: number, fresh: boolean): void {
    this.epoch = epoch;
    if (this.waits === undefined) return;
    this.fresh = fresh;
    // Answers of an earlier epoch say nothing about votes in this one.
    this.answers.clear();
    this.enough = !this.options.askPeers;
    this.decide();
  }

  private decide(): void {
    if (this.fresh && this.enough) this.waits = undefined;
  }

  private isPast(timestampMs: number): void {
    this.pastMs = Math.max(this.pastMs, timestampMs);
  }
}

function isLater(
  a: { readonly epoch: number; readonly view: number },
  b: { readonly epoch: number; readonly view: number },
): boolean {
  return a.epoch !== b.epoch ? a.epoch > b.epoch : a.view > b.view;
}
