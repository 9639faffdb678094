/** Blocks that are missing here: asked of one peer, then of all. */
import { toHex } from '@radledger/primitives';
import type { Effect, PeerId } from '../module.js';
import { encodeMessage } from './message.js';

export const FETCH_TIMER = 'fetch';
/** As many as blocks that wait for a parent. */
const PARENTS_MAX = 256;

export interface FetchingPort {
  emit(effect: Effect): void;
  now(): number;
  /** Height of the newest final block: nothing below is asked for. */
  finalHeight(): number;
  /** Whether a block is here, or refused for good. */
  has(id: Uint8Array): boolean;
}

export class Fetching {
  /** What blocks that are here stand on. */
  private readonly parents = new Set<string>();
  /** Where a peer says that it is: one at a time. */
  private readonly tips = new Map<PeerId, string>();
  private timerSet = false;

  constructor(
    private readonly port: FetchingPort,
    private readonly assumedDelayMs: number,
  ) {}

  parent(id: Uint8Array, peer: PeerId | undefined): void {
    const key = toHex(id);
    if (this.port.has(id) || this.parents.has(key) || this.parents.size >= PARENTS_MAX) return;
    this.parents.add(key);
    this.ask(id, peer);
  }

  tip(id: Uint8Array, peer: PeerId): void {
    if (this.port.has(id) || this.tips.has(peer)) return;
    this.tips.set(peer, toHex(id));
    this.ask(id, peer);
  }

  /** @returns whether a block that is here stands on it: a peer's word that it is a tip is not enough to need it */
  arrived(id: Uint8Array): boolean {
    return this.parents.delete(toHex(id));
  }

  gone(peer: PeerId): void {
    this.tips.delete(peer);
  }

  /** What one peer did not send, all are asked for. */
  again(missing: readonly Uint8Array[]): void {
    this.timerSet = false;
    this.parents.clear();
    this.tips.clear();
    for (const id of missing) this.parent(id, undefined);
  }

  private ask(id: Uint8Array, peer: PeerId | undefined): void {
    const { port } = this;
    const bytes = encodeMessage({ type: 'fetch', id, aboveHeight: port.finalHeight() });
    port.emit(peer === undefined ? { type: 'broadcast', bytes } : { type: 'send', peer, bytes });
    if (this.timerSet) return;
    this.timerSet = true;
    port.emit({ type: 'set-timer', id: FETCH_TIMER, atMs: port.now() + 2 * this.assumedDelayMs });
  }
}
