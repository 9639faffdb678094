/** Blocks for peers that lack them, within what a peer may take. */
import { toHex } from '@radledger/primitives';
import type { PeerId } from '../module.js';
import { RequestQuota } from '../request-quota.js';
import type { Branches, Branching } from './branches.js';
import type { Message } from './message.js';

/** Final blocks kept for peers that are a little behind. */
const RECENT_MAX = 32;
/** Blocks of one answer. */
const ANSWER_BLOCKS_MAX = 64;
const QUOTA_WINDOW_MS = 1_000;
const ANSWERS_MAX_PER_WINDOW = 32;
const BYTES_MAX_PER_WINDOW = 8 * 1024 * 1024;

export class Answering {
  private readonly quota = new RequestQuota(QUOTA_WINDOW_MS, ANSWERS_MAX_PER_WINDOW, BYTES_MAX_PER_WINDOW);
  private recent: readonly Branching[] = [];

  constructor(private readonly send: (peer: PeerId, message: Message) => void) {}

  /** Blocks that are final now, ascending. */
  keep(final: readonly Branching[]): void {
    this.recent = [...this.recent, ...final].slice(-RECENT_MAX);
  }

  gone(peer: PeerId): void {
    this.quota.gone(peer);
  }

  answer(peer: PeerId, { id, aboveHeight }: Extract<Message, { type: 'fetch' }>, tree: Branches, now: number): void {
    if (!this.quota.take(peer, now)) return;
    const line: Branching[] = [];
    for (
      let at = this.find(id, tree);
      at !== undefined && at.header.height > aboveHeight;
      at = this.parentOf(at, tree)
    ) {
      line.push(at);
    }
    const lowest = line.findLast(({ block }) => block !== undefined);
    // Older blocks are for the host to fetch: they are final here.
    if (lowest === undefined || lowest.header.height > aboveHeight + 1) this.send(peer, tipOf(tree));
    // The highest ones: who lacks more asks for the parent of the lowest, and what it has itself is not sent again and again.
    for (const { block, witness } of line.slice(0, ANSWER_BLOCKS_MAX).reverse()) {
      if (block === undefined) continue;
      if (!this.quota.takeBytes(peer, now, block.header.bodyBytes)) return;
      this.send(peer, { type: 'block', block, witness });
    }
  }

  private parentOf({ parent, header }: Branching, tree: Branches): Branching | undefined {
    return parent ?? this.find(header.parentId, tree);
  }

  private find(id: Uint8Array, tree: Branches): Branching | undefined {
    const key = toHex(id);
    return tree.get(id) ?? this.recent.find((recent) => recent.key === key);
  }
}

/** What a node says of itself. */
export function tipOf({ tip, root }: Branches): Message {
  const finalizedHeight = root.header.height;
  return { type: 'tip', id: tip.id, height: tip.header.height, finalizedId: root.id, finalizedHeight };
}
