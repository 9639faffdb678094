/** When a node may vote after a start (rule R7). Spec: docs/spec/consensus-boundary.md, section 4. */
import { toHex } from '@radledger/primitives';
import type { SignLogState, VotingReason } from './module.js';
import { isQuorum } from './quorum.js';

/**
 * A node votes at once only with a sign-log that is whole: present, and not older than what its peers show of its key.
 * Else it waits for the first epoch whose boundary block was made after its start: nobody can hold an earlier vote of its
 * key for that epoch.
 */
export class StartUpRule {
  private state: 'asking' | 'allowed' | 'SIGN_LOG_MISSING' | 'SIGN_LOG_OLD';
  private readonly answers = new Map<string, bigint>();
  private readonly signed: ReadonlySet<string>;
  private readonly newest: { readonly epoch: number; readonly view: number };

  constructor(
    private readonly startedAtMs: number,
    signLog: SignLogState,
    options: { readonly askPeers: boolean },
  ) {
    const records = signLog.state === 'present' ? signLog.records : [];
    this.state = signLog.state === 'missing' ? 'SIGN_LOG_MISSING' : options.askPeers ? 'asking' : 'allowed';
    this.signed = new Set(records.map(({ bytes }) => toHex(bytes)));
    this.newest = records.reduce((newest, record) => (isLater(record, newest) ? record : newest), {
      epoch: 0,
      view: 0,
    });
  }

  /** Undefined when votes are allowed. */
  get reason(): VotingReason | undefined {
    return this.state === 'allowed' ? undefined : this.state === 'asking' ? 'ASKING_PEERS' : this.state;
  }

  get asks(): boolean {
    return this.state === 'asking';
  }

  /** A vote of this node's key that a peer holds; its signature was verified. */
  shown(vote: { readonly epoch: number; readonly view: number; readonly bytes: Uint8Array }): void {
    if (this.state !== 'asking' || this.signed.has(toHex(vote.bytes))) return;
    if (!isLater(this.newest, vote)) this.state = 'SIGN_LOG_OLD';
  }

  /** A voter has said what it holds. Enough have when they and this node are a quorum: without them nothing is final. */
  answered(source: Uint8Array, weight: bigint, own: bigint, totalWeight: bigint): void {
    if (this.state !== 'asking') return;
    this.answers.set(toHex(source), weight);
    let sum = own;
    for (const answered of this.answers.values()) sum += answered;
    if (isQuorum(sum, totalWeight)) this.state = 'allowed';
  }

  /** An epoch begins whose boundary block carries this timestamp. */
  epochBegins(boundaryTimestampMs: number): void {
    if (boundaryTimestampMs > this.startedAtMs) this.state = 'allowed';
  }
}

function isLater(
  a: { readonly epoch: number; readonly view: number },
  b: { readonly epoch: number; readonly view: number },
): boolean {
  return a.epoch !== b.epoch ? a.epoch > b.epoch : a.view > b.view;
}
