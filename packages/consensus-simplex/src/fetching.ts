/** What this node has asked peers for: one peer first, then, by a timer, all of them (R6). */
import type { PeerId } from '@radledger/consensus';
import { fromHex, toHex } from '@radledger/primitives';
import { FETCH_BLOCKS_MAX, type Message } from './message.js';

const WANTED_BLOCKS_MAX = 64;

export interface FetchPort {
  send(peer: PeerId, message: Message): void;
  broadcast(message: Message): void;
  /** Calls `again` later. */
  setTimer(): void;
}

export class Fetching {
  private readonly wanted = new Set<string>();
  /** Certificates of older views are asked for once a view, and again when stuck. */
  private certificatesAsked = false;
  private timerSet = false;

  constructor(private readonly port: FetchPort) {}

  get waitsForBlocks(): boolean {
    return this.wanted.size > 0;
  }

  wants(blockId: Uint8Array): boolean {
    return this.wanted.has(toHex(blockId));
  }

  want(blockId: Uint8Array, peer: PeerId | undefined): void {
    if (this.wants(blockId) || this.wanted.size >= WANTED_BLOCKS_MAX) return;
    this.wanted.add(toHex(blockId));
    this.arm();
    const message = { type: 'fetch-blocks', ids: [blockId] } as const;
    if (peer === undefined) this.port.broadcast(message);
    else this.port.send(peer, message);
  }

  received(blockId: Uint8Array): void {
    this.wanted.delete(toHex(blockId));
  }

  forgetBlocks(): void {
    this.wanted.clear();
  }

  askCertificates(epoch: number, fromView: number, toView: number): void {
    if (this.certificatesAsked) return;
    this.certificatesAsked = true;
    this.arm();
    this.port.broadcast({ type: 'fetch-certificates', epoch, fromView, toView });
  }

  /** Certificates may be asked for once more. */
  viewEntered(): void {
    this.certificatesAsked = false;
  }

  arm(): void {
    if (this.timerSet) return;
    this.timerSet = true;
    this.port.setTimer();
  }

  /**
   * The timer is due: what one peer did not answer, all are asked. Views may go by meanwhile, so this does not wait to be
   * stuck.
   * @returns whether something was missing
   */
  again(): boolean {
    this.timerSet = false;
    const ids = [...this.wanted].slice(0, FETCH_BLOCKS_MAX).map(fromHex);
    if (ids.length > 0) this.port.broadcast({ type: 'fetch-blocks', ids });
    const missing = ids.length > 0 || this.certificatesAsked;
    this.certificatesAsked = false;
    return missing;
  }
}
