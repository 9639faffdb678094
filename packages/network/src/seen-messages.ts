/** Which relayed messages have passed already, so that gossip ends. Bounded in number and in time. */
import { sha256, toHex, utf8 } from '@radledger/primitives';
import type { PeerId } from './contract.js';

interface Seen {
  readonly atMs: number;
  /** Peers that have shown the message while it is being judged; undefined afterwards: by then all have it. */
  shownBy: Set<PeerId> | undefined;
}

export class SeenMessages {
  /** In the order of their first sight, which is the order in which they are forgotten. */
  private readonly byHash = new Map<string, Seen>();

  constructor(
    private readonly countMax: number,
    private readonly forgetAfterMs: number,
  ) {}

  /** Key of a message: SHA-256 of the topic, a zero byte and the payload. */
  static keyOf(topic: string, payload: Uint8Array): string {
    const name = utf8(topic);
    const joined = new Uint8Array(name.length + 1 + payload.length);
    joined.set(name);
    joined.set(payload, name.length + 1);
    return toHex(sha256(joined));
  }

  /** Notes that a peer (or this node: undefined) has shown a message. @returns true at first sight */
  note(key: string, from: PeerId | undefined, nowMs: number): boolean {
    this.forget(nowMs);
    const known = this.byHash.get(key);
    if (known !== undefined) {
      if (from !== undefined) known.shownBy?.add(from);
      return false;
    }
    this.byHash.set(key, { atMs: nowMs, shownBy: new Set(from === undefined ? [] : [from]) });
    return true;
  }

  /** Ends the judgement of a message. @returns the peers that need not be sent it */
  settle(key: string): ReadonlySet<PeerId> {
    const seen = this.byHash.get(key);
    const shownBy = seen?.shownBy;
    if (seen !== undefined) seen.shownBy = undefined;
    return shownBy ?? new Set();
  }

  /** The message counts as new when it comes again. */
  unsee(key: string): void {
    this.byHash.delete(key);
  }

  private forget(nowMs: number): void {
    for (const [key, { atMs }] of this.byHash) {
      if (this.byHash.size < this.countMax && nowMs - atMs < this.forgetAfterMs) break;
      this.byHash.delete(key);
    }
  }
}
