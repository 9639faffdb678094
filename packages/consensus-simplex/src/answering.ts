/** What peers send: handed to the part it is for, or answered within each peer's share. */
import type { Block } from '@radledger/chain';
import { ConsensusError, type PeerId, RequestQuota } from '@radledger/consensus';
import { checkReceivedBody } from './body-check.js';
import {
  decodeMessage,
  encodeBlockMessage,
  encodeMessage,
  FETCH_VIEWS_MAX,
  type Message,
  type MessageOf,
} from './message.js';
import type { Parts } from './parts.js';
import type { VoterState } from './voter-state.js';

const ANSWERS_PER_WINDOW = 64;
const ANSWER_WINDOW_MS = 1000;
/** Blocks of the largest size that a peer may fetch in a window; of smaller ones, more. */
const BLOCKS_PER_WINDOW = 4;

export class Answering {
  private readonly quota: RequestQuota;

  constructor(
    private readonly voter: VoterState,
    private readonly parts: Pick<
      Parts,
      'certifying' | 'conflicts' | 'epochs' | 'executing' | 'fetching' | 'finalizing' | 'permission' | 'proposals'
    >,
  ) {
    const bytesMax = BLOCKS_PER_WINDOW * voter.context.parameters.blockBytesMax;
    this.quota = new RequestQuota(ANSWER_WINDOW_MS, ANSWERS_PER_WINDOW, bytesMax);
  }

  onMessage(peer: PeerId | undefined, bytes: Uint8Array): void {
    const { voter, parts } = this;
    const message = decodeMessage(bytes, voter.context.parameters.blockBytesMax);
    parts.conflicts.look(message, peer);
    switch (message.type) {
      case 'proposal':
        return parts.proposals.onProposal(message, bytes, peer);
      case 'vote':
        if (message.epoch === voter.epoch.epoch) parts.certifying.onVote(message.signed, peer);
        return;
      case 'certificate':
        return parts.certifying.onCertificate(message.certificate, peer);
      case 'block':
        return this.onBlock(message.block, peer);
      case 'newest-vote':
        return parts.permission.onNewestVote(peer, message);
      default:
        if (peer !== undefined && this.quota.take(peer, voter.now)) this.answer(peer, message);
    }
  }

  /** Of the epoch before: nothing to vote on, but a second vote still convicts. */
  onEarlier(peer: PeerId, bytes: Uint8Array): void {
    const { voter, parts } = this;
    parts.conflicts.look(decodeMessage(bytes, voter.context.parameters.blockBytesMax), peer);
  }

  onPeer(peer: PeerId): void {
    const { voter, parts } = this;
    voter.send(peer, voter.statusMessage());
    if (parts.permission.asks) parts.permission.askNewestVotes((message) => voter.send(peer, message));
  }

  onGone(peer: PeerId): void {
    this.quota.gone(peer);
  }

  /** The peer is in an epoch that this node has not reached. */
  onAhead(peer: PeerId): void {
    const { voter } = this;
    if (!voter.awaitingEpoch && this.quota.take(peer, voter.now)) voter.send(peer, voter.statusMessage());
  }

  /** The boundary certificate ends the older epoch for the peer; the status tells it how far there is to go. */
  onStale(peer: PeerId): void {
    const { voter } = this;
    if (!this.quota.take(peer, voter.now)) return;
    if (voter.boundaryCertificate !== undefined) {
      voter.send(peer, { type: 'certificate', certificate: voter.boundaryCertificate });
    }
    voter.send(peer, voter.statusMessage());
  }

  private answer(
    peer: PeerId,
    message: MessageOf<'fetch-blocks' | 'fetch-certificates' | 'status' | 'ask-newest-vote'>,
  ): void {
    const { voter } = this;
    switch (message.type) {
      case 'fetch-blocks':
        for (const id of message.ids) {
          const block = voter.tree.find(id);
          if (block === undefined || !this.quota.takeBytes(peer, voter.now, block.header.bodyBytes)) continue;
          voter.effect({ type: 'send', peer, bytes: encodeBlockMessage(block) });
        }
        return;
      case 'fetch-certificates':
        if (message.epoch === voter.epoch.epoch) this.sendCertificates(peer, message.fromView, message.toView);
        return;
      case 'ask-newest-vote': {
        const { source } = message;
        return voter.send(peer, { type: 'newest-vote', source, newest: voter.newestVotes.of(source) });
      }
      case 'status':
        return this.onStatus(peer, message);
    }
  }

  private onStatus(peer: PeerId, { epoch, view, finalizedHeight }: MessageOf<'status'>): void {
    const { voter } = this;
    const { root, entry } = voter;
    const { height } = root.header;
    if (epoch < voter.epoch.epoch) return this.onStale(peer);
    // Statuses come when a peer connects or is stuck: what it has finalized is then not just about to arrive here as well,
    // and after a restart it may hold the blocks on disk only.
    if ((epoch > voter.epoch.epoch || finalizedHeight > height) && !voter.awaitingEpoch) {
      voter.effect({ type: 'behind', peer, height: finalizedHeight });
    }
    if (epoch > voter.epoch.epoch) return;
    if (finalizedHeight < height) {
      if (root.certificate !== undefined && root.view > 0) {
        voter.send(peer, { type: 'certificate', certificate: root.certificate });
      }
      voter.send(peer, voter.statusMessage());
    }
    if (view < voter.view && entry !== undefined) voter.send(peer, { type: 'certificate', certificate: entry });
    if (finalizedHeight > height || view > voter.view) {
      const toView = Math.max(view, voter.view);
      voter.send(peer, { type: 'fetch-certificates', epoch, fromView: root.view + 1, toView });
    }
  }

  private sendCertificates(peer: PeerId, fromView: number, toView: number): void {
    const { voter } = this;
    const { root } = voter;
    if (fromView <= root.view && root.certificate !== undefined) {
      voter.send(peer, { type: 'certificate', certificate: root.certificate });
    }
    const first = Math.max(fromView, root.view + 1);
    for (let view = first; view <= toView && view < first + FETCH_VIEWS_MAX && view <= voter.view; view++) {
      for (const certificate of voter.views.get(view)?.certificates.values() ?? []) {
        if (!this.sendWithin(peer, { type: 'certificate', certificate })) return;
      }
    }
  }

  /** @returns false when the peer has had its bytes: certificates of many voters are much larger than the question */
  private sendWithin(peer: PeerId, message: Message): boolean {
    const bytes = encodeMessage(message);
    if (!this.quota.takeBytes(peer, this.voter.now, bytes.length)) return false;
    this.voter.effect({ type: 'send', peer, bytes });
    return true;
  }

  private onBlock(block: Block, peer: PeerId | undefined): void {
    const { voter, parts } = this;
    if (!parts.fetching.wants(block.id)) return;
    const code = brokenBodyRule(block);
    if (code !== undefined) {
      // Still wanted: the fetch timer asks every peer.
      parts.fetching.arm();
      return voter.report(code, { peer });
    }
    parts.fetching.received(block.id);
    if (block.header.height <= voter.root.header.height || !voter.isOfEpoch(block.header)) return;
    const held = voter.tree.add(block);
    if (held.state === 'held') held.state = 'waiting';
    parts.executing.wantParents(held, peer);
    parts.executing.verifyWaiting();
    parts.epochs.resume();
    parts.finalizing.tryFinalize();
  }
}

/** Code of what is wrong with a body that a peer sent. */
function brokenBodyRule(block: Block): string | undefined {
  try {
    checkReceivedBody(block);
    return undefined;
  } catch (error) {
    if (error instanceof ConsensusError) return error.code;
    throw error;
  }
}
