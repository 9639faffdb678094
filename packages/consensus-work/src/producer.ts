/** Searches nonces in bounded steps, each the answer to a timer, so that nothing else has to wait. */
import type { Block } from '@radledger/chain';
import type { Input, VotingStatus } from '@radledger/consensus';
import type { Producer, ProducerPort } from '@radledger/consensus/fork-choice';
import { decodeNonce, encodeNonce, encodeSeal, provesWork, type Retargeting, SEAL_KIND, sealAfter } from './seal.js';

const STEP_TIMER = 'work';

interface Candidate {
  readonly buildId: number;
  readonly difficulty: number;
  block?: Block;
  /** Next to try. */
  nonce: number;
}

export class WorkProducer implements Producer {
  private candidate: Candidate | undefined;
  private hashes = 0;
  private builds = 0;
  /** A transaction waits that the candidate does not hold. */
  private stale = false;
  private stepping = false;

  constructor(
    private readonly port: ProducerPort,
    private readonly rules: Retargeting,
  ) {}

  start(): void {
    // `moved` follows.
  }

  moved(now: number): void {
    this.begin(now);
  }

  saw(): void {
    // Nobody signs anything here.
  }

  input(input: Input): void {
    switch (input.type) {
      case 'built':
        if (input.buildId !== this.candidate?.buildId) return;
        if (input.block === undefined) this.stale = true;
        else this.candidate.block = input.block;
        this.arm(input.now);
        return;
      case 'pending':
        this.stale = input.waiting;
        return;
      case 'timer':
        if (input.id !== STEP_TIMER) return;
        this.stepping = false;
        if (this.stale) this.begin(input.now);
        else this.search(input.now);
        return;
      default:
        return;
    }
  }

  view(): number {
    return this.port.tip().header.height + 1;
  }

  voting(): VotingStatus {
    return this.port.context.identity === undefined ? { allowed: false, reason: 'NO_IDENTITY' } : { allowed: true };
  }

  neededRecords(): readonly [] {
    return [];
  }

  figures(): Readonly<Record<string, number>> {
    return { hashes: this.hashes };
  }

  /** A new candidate on the tip. */
  private begin(now: number): void {
    const { identity, parameters } = this.port.context;
    if (identity === undefined) return;
    this.stale = false;
    const { header: parent, witness } = this.port.tip();
    const seal = sealAfter(parent, this.rules);
    const parentNonce = parent.height === 0 ? 0 : decodeNonce(witness);
    this.candidate = { buildId: ++this.builds, difficulty: seal.difficulty, nonce: 0 };
    this.port.emit({
      type: 'build',
      request: {
        buildId: this.candidate.buildId,
        parent,
        timestampMs: Math.max(now, parent.timestampMs + Math.max(1, parameters.minimumIntervalMs)),
        proposer: identity.source,
        seal: { kind: SEAL_KIND, bytes: encodeSeal({ ...seal, parentNonce }) },
        justification: new Uint8Array(),
      },
    });
  }

  private arm(now: number): void {
    if (this.stepping) return;
    this.stepping = true;
    this.port.emit({ type: 'set-timer', id: STEP_TIMER, atMs: now + (this.port.settings['stepMs'] as number) });
  }

  private search(now: number): void {
    const { candidate } = this;
    if (candidate?.block === undefined) return;
    const { block, difficulty } = candidate;
    const end = candidate.nonce + (this.port.settings['hashesPerStep'] as number);
    while (candidate.nonce < end) {
      const nonce = candidate.nonce++;
      this.hashes++;
      if (!provesWork(block.id, nonce, difficulty)) continue;
      this.candidate = undefined;
      this.port.publish(block, encodeNonce(nonce), now);
      return;
    }
    this.arm(now);
  }
}
