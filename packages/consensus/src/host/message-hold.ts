import type { PeerId } from '../module.js';

const MESSAGES_MAX_PER_PEER = 64;
const BYTES_MAX_PER_PEER = 4 * 1024 * 1024;
const PEERS_MAX = 256;
/** Of all peers together. */
const BYTES_MAX = 64 * 1024 * 1024;

interface Held {
  readonly peer: PeerId;
  readonly bytes: Uint8Array;
}

/** Keeps what peers say about the next epoch while this node still writes the last block of the current one. */
export class MessageHold {
  private bytes = 0;
  private readonly perPeer = new Map<PeerId, { messages: Held[]; bytes: number }>();

  /** @returns false when the peer has used its share; the message is gone */
  hold(peer: PeerId, bytes: Uint8Array): boolean {
    let share = this.perPeer.get(peer);
    if (share === undefined) {
      if (this.perPeer.size >= PEERS_MAX) return false;
      share = { messages: [], bytes: 0 };
      this.perPeer.set(peer, share);
    }
    const { length } = bytes;
    if (share.messages.length >= MESSAGES_MAX_PER_PEER || share.bytes + length > BYTES_MAX_PER_PEER) return false;
    if (this.bytes + length > BYTES_MAX) return false;
    share.messages.push({ peer, bytes });
    share.bytes += length;
    this.bytes += length;
    return true;
  }

  /** Everything held, peer by peer; empties the hold. */
  release(): Held[] {
    const held = [...this.perPeer.values()].flatMap(({ messages }) => messages);
    this.perPeer.clear();
    this.bytes = 0;
    return held;
  }

  gone(peer: PeerId): void {
    this.bytes -= this.perPeer.get(peer)?.bytes ?? 0;
    this.perPeer.delete(peer);
  }
}
