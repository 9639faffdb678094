/**
 * I19: where the honest finalize two chains, the signatures that were shown convict a third of the weight or more. Collects every
 * vote that honest nodes send on or finalize by.
 */
import {
  type Certificate,
  certificateOfProof,
  certificatesOf,
  decodeJustification,
  decodeMessage,
  encodeEvidence,
  exclusionOf,
  type Vote,
} from '@radledger/consensus-simplex';
import type { Member } from '@radledger/consensus';
import { toHex } from '@radledger/primitives';
import { judgeEvidence } from '../invariants/evidence.js';
import type { Watcher, WatcherContext } from '../watcher.js';

interface Shown {
  readonly vote: Vote;
  readonly signature: Uint8Array;
}

export class Accountability implements Watcher {
  private readonly votes = new Map<string, Shown[]>();
  private readonly seen = new WeakSet<object>();
  private readonly convicted = new Map<string, Member>();

  constructor(private readonly context: WatcherContext) {}

  sent(node: number, bytes: Uint8Array): void {
    if (this.seen.has(bytes)) return;
    this.seen.add(bytes);
    const message = decodeMessage(bytes, this.context.genesis.parameters.blockBytesMax);
    if (message.type === 'vote') {
      const { seat, vote, signature } = message.signed;
      this.see(node, message.epoch, seat, { vote, signature });
    }
    if (message.type === 'certificate') this.certificate(node, message.certificate);
    if (message.type === 'proposal') this.justification(node, message.again ?? message.block.body.justification);
  }

  finalizing(node: number, blocks: Parameters<NonNullable<Watcher['finalizing']>>[1]): void {
    for (const { block, proof } of blocks) {
      this.certificate(node, certificateOfProof(proof).certificate);
      this.justification(node, block.body.justification);
    }
  }

  /** Weight of the sources against which valid evidence was made. */
  convictedWeight(): bigint {
    return [...this.convicted.values()].reduce((sum, { weight }) => sum + weight, 0n);
  }

  convictedNodes(): readonly (number | undefined)[] {
    return [...this.convicted.values()].map(({ source }) => this.context.nodeOf(source));
  }

  private justification(node: number, encoded: Uint8Array): void {
    const { blockBytesMax } = this.context.genesis.parameters;
    for (const shown of certificatesOf(decodeJustification(encoded, blockBytesMax))) this.certificate(node, shown);
  }

  private certificate(node: number, { epoch, groups }: Certificate): void {
    for (const { vote, signatures } of groups) {
      for (const [seat, signature] of signatures) this.see(node, epoch, seat, { vote, signature });
    }
  }

  private see(node: number, epoch: number, seat: number, shown: Shown): void {
    const key = `${epoch}/${seat}/${shown.vote.view}`;
    const earlier = this.votes.get(key) ?? [];
    this.votes.set(key, earlier);
    if (earlier.some(({ signature }) => toHex(signature) === toHex(shown.signature))) return;
    const members = this.context.node(node).chain.epoch(epoch);
    const member = members?.committee[seat];
    for (const other of earlier) {
      const kind = exclusionOf(other.vote, shown.vote);
      if (kind === undefined || members === undefined || member === undefined) continue;
      const { committeeRoot } = members;
      const { nodeKey, source } = member;
      const bytes = encodeEvidence({ kind, epoch, committeeRoot, nodeKey, votes: [other, shown] });
      if (judgeEvidence(this.context, node, { epoch, bytes }) !== undefined) this.convicted.set(toHex(source), member);
    }
    earlier.push(shown);
  }
}
