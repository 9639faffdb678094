/** What this node has asked peers for: one peer first, then, by a timer, all of them (R6). */
import type { PeerId } from '@radledger/consensus';
import { fromHex, toHex } from '@radledger/primitives';
import { FETCH_BLOCKS_MAX, FETCH_VIEWS_MAX, type Message } from './message.js';

const WANTED_BLOCKS_MAX = 64;

export interface FetchPort {
  send(peer: PeerId, message: Message): void;
  broadcast(message: Message): void;
  /** Calls `again` later. */
  setTimer(): void;
}

export class Fetching {
  private readonly wanted = new Set<string>();
  /** Views whose certificates were asked for last: asked once a view and range, and again when stuck. */
  private asked: { readonly fromView: number; readonly toView: number } | undefined;
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

  /** Asks for the certificates of `view` and of the views after it, as many as one answer holds. */
  askFrom(epoch: number, view: number, peer: PeerId | undefined): void {
    this.askCertificates(epoch, view, { fromView: view, toView: view + FETCH_VIEWS_MAX - 1 }, peer);
  }

  /** Asks for the certificates of `view` and of the views before it, down to `firstView`. */
  askBackFrom(epoch: number, view: number, firstView: number): void {
    const fromView = Math.max(firstView, view - FETCH_VIEWS_MAX + 1);
    this.askCertificates(epoch, view, { fromView, toView: view }, undefined);
  }

  private askCertificates(
    epoch: number,
    missingView: number,
    range: { readonly fromView: number; readonly toView: number },
    peer: PeerId | undefined,
  ): void {
    const { asked } = this;
    if (asked !== undefined && missingView >= asked.fromView && missingView <= asked.toView) return;
    this.asked = range;
    this.arm();
    const message = { type: 'fetch-certificates', epoch, ...range } as const;
    if (peer === undefined) this.port.broadcast(message);
    else this.port.send(peer, message);
  }

  /** Certificates may be asked for once more. */
  viewEntered(): void {
    this.asked = undefined;
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
    const missing = ids.length > 0 || this.asked !== undefined;
    this.asked = undefined;
    return missing;
  }
}
