/** What the parts of a voter share: where it stands, and the effects of the step under way. */
import { epochOfHeight, type Header } from '@radledger/chain';
import {
  type Effect,
  type EpochContext,
  leaderOf,
  type Member,
  type ModuleContext,
  type PeerId,
} from '@radledger/consensus';
import { equalBytes } from '@radledger/primitives';
import { BlockTree } from './block-tree.js';
import type { Certificate } from './certificate.js';
import type { Tail } from './justification.js';
import { encodeMessage, type Message } from './message.js';
import { NewestVotes } from './newest-votes.js';
import type { Root } from './parent-choice.js';
import type { SimplexRules } from './rules.js';
import { ViewState } from './view-state.js';

export class VoterState {
  effects: Effect[] = [];
  now = 0;
  epoch!: EpochContext;
  previousEpoch: EpochContext | undefined;
  root!: Root;
  /** Two certificates exclude each other, or what is certified cannot be executed here: read only from now on. */
  safeMode = false;

  view = 1;
  /** The certificate that ended the view before. */
  entry: Certificate | undefined;
  enteredAtMs = 0;
  highestCertifiedMs = 0;
  nullifiedInARow = 0;
  readonly views = new Map<number, ViewState>();
  readonly tree = new BlockTree();
  readonly newestVotes = new NewestVotes();
  /** The boundary block is final, its write to disk under way: nothing to vote on until the next epoch is known. */
  awaitingEpoch = false;
  tail: Tail | undefined;
  bestFinalization: Certificate | undefined;
  boundaryCertificate: Certificate | undefined;

  constructor(
    readonly context: ModuleContext,
    readonly rules: SimplexRules,
  ) {}

  viewState(view: number): ViewState {
    let state = this.views.get(view);
    if (state === undefined) {
      state = new ViewState();
      this.views.set(view, state);
    }
    return state;
  }

  /** Of views this old certificates stay, and what this node signed; votes and proposals that nobody certified go. */
  forgetBehind(view: number): void {
    for (const [older, state] of this.views) {
      if (older > view) continue;
      state.dropVotes();
      const { proposal } = state;
      if (proposal === undefined) continue;
      state.proposal = undefined;
      if (!this.certifies(proposal.blockId) && !this.proposes(proposal.blockId)) this.tree.remove(proposal.blockId);
    }
  }

  /** Whether a view above the root, but for `besides`, holds a proposal of this block. */
  proposes(id: Uint8Array, besides?: number): boolean {
    for (const [view, { proposal }] of this.views) {
      if (view !== besides && proposal !== undefined && equalBytes(proposal.blockId, id)) return true;
    }
    return false;
  }

  isOfEpoch({ height }: Header): boolean {
    return epochOfHeight(height, this.context.parameters.epochHeights) === this.epoch.epoch;
  }

  mySeat(): { readonly seat: number; readonly member: Member } | undefined {
    const source = this.context.identity?.source;
    if (source === undefined) return undefined;
    const seat = this.epoch.committee.findIndex((member) => equalBytes(member.source, source));
    return seat < 0 ? undefined : { seat, member: this.epoch.committee[seat] as Member };
  }

  leader(view: number): Member {
    return leaderOf(this.context.chainId, this.epoch, view);
  }

  leads(view: number): boolean {
    const source = this.context.identity?.source;
    return source !== undefined && equalBytes(this.leader(view).source, source);
  }

  /** Whether a certificate above the root names this block. */
  certifies(id: Uint8Array): boolean {
    for (const state of this.views.values()) {
      const certified = state.certified();
      if (certified !== undefined && equalBytes(certified.blockId, id)) return true;
    }
    return false;
  }

  /** Between two tries at something that peers have not answered. */
  retryMs(): number {
    return 2 * this.context.parameters.assumedDelayMs;
  }

  statusMessage(): Message {
    return { type: 'status', epoch: this.epoch.epoch, view: this.view, finalizedHeight: this.root.header.height };
  }

  effect(effect: Effect): void {
    this.effects.push(effect);
  }

  send(peer: PeerId, message: Message): void {
    this.effects.push({ type: 'send', peer, bytes: encodeMessage(message) });
  }

  broadcast(message: Message): void {
    this.effects.push({ type: 'broadcast', bytes: encodeMessage(message) });
  }

  report(code: string, facts: { peer?: PeerId | undefined; view?: number; offender?: Uint8Array }): void {
    const { peer, view, offender } = facts;
    const report = {
      code,
      epoch: this.epoch.epoch,
      ...(peer !== undefined && { peer }),
      ...(view !== undefined && { view }),
      ...(offender && { offender }),
    };
    this.effects.push({ type: 'report', report });
  }
}
