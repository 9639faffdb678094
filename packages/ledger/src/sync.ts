/**
 * Fetching finalized history: late joiners and restarted nodes catch up from peers and believe none of them.
 * Spec: docs/spec/node-sync.md.
 */
import {
  type Block,
  blockIdOf,
  type Checkpoint,
  decodeBody,
  decodeHeader,
  encodeBody,
  encodeHeader,
  type Header,
  epochOfHeight,
  firstHeightOfEpoch,
  type Parameters,
} from '@radledger/chain';
import { type ConsensusModule, type EpochContext, verifyVrfClaims } from '@radledger/consensus';
import { type Network, NetworkError, type PeerId } from '@radledger/network';
import { CodedError, equalBytes, verifyAll } from '@radledger/primitives';
import type { LedgerStore } from '@radledger/storage';
import { setTimeout as setTimer } from 'node:timers/promises';
import type { AnswerQuota } from './answer-quota.js';
import type { BlockExecutor } from './block-executor.js';
import type { EpochContexts } from './epoch-contexts.js';
import { LedgerError } from './errors.js';
import type { LedgerLogger } from './logger.js';
import {
  type Announcement,
  decodeAnnouncement,
  decodeBlocks,
  decodeBlocksRequest,
  encodeAnnouncement,
  encodeBlocks,
  encodeBlocksRequest,
  type SyncedBlock,
} from './sync-messages.js';
import { createSyncPeers } from './sync-peers.js';
import { TOPICS } from './topics.js';

const REQUEST_TIMEOUT_MS = 10_000;
/** A second peer is asked for the same when the first has not answered by then. */
const SECOND_PEER_MS = 1_000;
/** A node this few heights behind hears the missing blocks from consensus messages; sooner fetching would only race them. */
const FOLLOW_MESSAGES_HEIGHTS = 1;
/** The same where many heights become final at once. */
const FOLLOW_TRAILING_HEIGHTS = 16;
/** How long a node that hears of a higher block waits for consensus to finalize it before it fetches. */
const PATIENCE_MS = 250;
/** After so long a peer that failed is asked again: in a net that stands still nobody announces anything anew. */
const RETRY_MS = 30_000;
/** Blocks asked for at once; fewer when they do not fit into one answer. */
const BLOCKS_AT_ONCE = 64;
/** Answers asked for beyond the one that is verified. */
const ANSWERS_AHEAD = 2;
/** Blocks whose signatures are checked while one is executed and written. */
const BLOCKS_AHEAD = 2;
const PENALTY_FALSE_BLOCK = 100;
const PENALTY_MALFORMED = 50;
const PENALTY_SILENT = 25;

export interface SyncOptions {
  readonly chainId: Uint8Array;
  readonly store: LedgerStore;
  readonly network: Network;
  readonly module: ConsensusModule;
  readonly epochs: EpochContexts;
  readonly parameters: Parameters;
  /** Largest answer, in bytes. */
  readonly answerBytesMax: number;
  /** A block that must be in the chain. */
  readonly checkpoint?: Checkpoint;
  /** What each peer may ask for. */
  readonly quota: AnswerQuota;
  readonly executor: BlockExecutor;
  readonly logger: LedgerLogger;
  /** Called when a peer told what it has finalized. */
  readonly announced: (peer: PeerId, height: number) => void;
  /** Called after a run of fetched blocks was committed. */
  readonly advanced: () => Promise<void>;
  /** A fault of this node itself. */
  readonly failed: (error: unknown) => void;
}

export interface Sync {
  /** Tells peers what is finalized here. */
  announce(): void;
  peer(peer: PeerId): void;
  gone(peer: PeerId): void;
  /** Consensus saw that a peer has finalized more than messages will tell. */
  behind(peer: PeerId, height: number): void;
  readonly active: boolean;
  close(): Promise<void>;
}

interface Answer {
  readonly peer: PeerId;
  readonly blocks: readonly SyncedBlock[];
}

export function createSync(options: SyncOptions): Sync {
  const { chainId, store, network, module, epochs, parameters, quota, executor, logger } = options;
  const peers = createSyncPeers((peer) => network.peers().some(({ peerId, known }) => known && peerId === peer));
  const stop = new AbortController();
  /** Answers under way, by the height of their first block. */
  const ahead = new Map<number, Promise<Answer | undefined>>();
  /** Requests under way, by peer. */
  const busy = new Map<PeerId, number>();
  let running: Promise<void> | undefined;
  let patience: NodeJS.Timeout | undefined;
  let retry: NodeJS.Timeout | undefined;

  const ownHeight = (): number => store.tip?.height ?? 0;
  const ownAnnouncement = (): Uint8Array => {
    const { tip } = store;
    if (!tip) throw new LedgerError({ code: 'STORE_FAILED' }, 'the store has no genesis block');
    return encodeAnnouncement({ height: tip.height, id: tip.id });
  };

  network.subscribe(TOPICS.announcement, ({ peerId, bytes }) => {
    let announcement: Announcement;
    try {
      announcement = decodeAnnouncement(bytes);
    } catch (error) {
      network.penalise(peerId, PENALTY_MALFORMED, codeOf(error));
      return;
    }
    peers.announce(peerId, announcement.height);
    options.announced(peerId, announcement.height);
    consider();
  });

  network.handle(TOPICS.blocks, async ({ peerId, bytes }) => {
    let wanted: ReturnType<typeof decodeBlocksRequest>;
    try {
      wanted = decodeBlocksRequest(bytes);
    } catch (error) {
      network.penalise(peerId, PENALTY_MALFORMED, codeOf(error));
      throw error;
    }
    return quota.answer(
      peerId,
      async () => encodeBlocks(await storedBlocks(wanted.from, wanted.limit), options.answerBytesMax),
      stop.signal,
    );
  });

  async function storedBlocks(from: number, limit: number): Promise<readonly SyncedBlock[]> {
    const blocks: SyncedBlock[] = [];
    let room = options.answerBytesMax - 1_024;
    for (let height = Math.max(1, from); height < from + limit && height <= ownHeight(); height += 1) {
      const [block, proof] = await Promise.all([store.block(height), store.finalityProof(height)]);
      if (!block || !proof) break;
      const header = encodeHeader(block.header);
      const body = encodeBody(block.body);
      room -= header.length + body.length + proof.length + 32;
      if (room < 0) break;
      blocks.push({ header, body, proof });
    }
    return blocks;
  }

  function consider(): void {
    if (stop.signal.aborted || running || patience) return;
    const missing = peers.heightMax - ownHeight();
    if (missing <= 0) return;
    const instant = module.caps.finality === 'instant';
    if (missing > (instant ? FOLLOW_MESSAGES_HEIGHTS : FOLLOW_TRAILING_HEIGHTS)) start();
    else {
      patience = setTimeout(() => {
        patience = undefined;
        if (peers.heightMax > ownHeight()) start();
      }, PATIENCE_MS);
    }
  }

  function start(): void {
    if (running || stop.signal.aborted) return;
    running = catchUp()
      .catch((error: unknown) => {
        if (!stop.signal.aborted) options.failed(error);
      })
      .finally(() => {
        running = undefined;
        consider();
        if (peers.doubtedMax > ownHeight()) retryLater();
      });
  }

  function retryLater(): void {
    if (retry || stop.signal.aborted) return;
    retry = setTimeout(() => {
      retry = undefined;
      peers.believeAgain();
      consider();
    }, RETRY_MS);
  }

  async function catchUp(): Promise<void> {
    const before = ownHeight();
    try {
      while (!stop.signal.aborted) {
        const from = ownHeight() + 1;
        for (const start of [...ahead.keys()]) if (start < from) ahead.delete(start);
        const asked = ahead.get(from) ?? answerFor(from, BLOCKS_AT_ONCE);
        ahead.delete(from);
        if (!asked) break;
        const answer = await asked;
        if (!answer) continue;
        askAhead(from + answer.blocks.length, answer.blocks.length);
        if (await takeAll(answer, from)) await options.advanced();
      }
    } finally {
      ahead.clear();
    }
    const gained = ownHeight() - before;
    if (gained > 0) logger.info({ height: ownHeight(), gained }, 'caught up with peers');
  }

  /** Asks for what comes after an answer, while that is verified: of peers that are not busy, as far as there are some. */
  function askAhead(next: number, count: number): void {
    if (count === 0) return;
    for (let turn = 0; turn < ANSWERS_AHEAD; turn += 1) {
      const from = next + turn * count;
      if (from > peers.heightMax || ahead.has(from)) continue;
      const asked = answerFor(from, count);
      if (asked) ahead.set(from, asked);
    }
  }

  function answerFor(from: number, limit: number): Promise<Answer | undefined> | undefined {
    const peer = peers.choose(from - 1, new Set(busy.keys())) ?? peers.choose(from - 1);
    return peer === undefined ? undefined : firstAnswer(peer, from, limit);
  }

  /** Asks a peer, and another one when the first takes its time: a silent peer must not hold up the rest. */
  async function firstAnswer(peer: PeerId, from: number, limit: number): Promise<Answer | undefined> {
    const first = ask(peer, from, limit);
    const patient = new AbortController();
    const pass = (): 'late' => 'late';
    const late = setTimer(SECOND_PEER_MS, undefined, { signal: patient.signal }).then(pass, pass);
    const early = await Promise.race([first, late]);
    patient.abort();
    if (early !== 'late') return early;
    const other = peers.choose(from - 1, new Set([peer]));
    if (other === undefined) return first;
    const asked = [first, ask(other, from, limit)];
    return (await Promise.race(asked)) ?? (await Promise.all(asked)).find((answer) => answer !== undefined);
  }

  async function ask(peer: PeerId, from: number, limit: number): Promise<Answer | undefined> {
    busy.set(peer, (busy.get(peer) ?? 0) + 1);
    try {
      const answer = await network.request(peer, TOPICS.blocks, encodeBlocksRequest({ from, limit }), {
        timeoutMs: REQUEST_TIMEOUT_MS,
        responseBytesMax: options.answerBytesMax,
        signal: stop.signal,
      });
      return { peer, blocks: decodeBlocks(answer, options.answerBytesMax) };
    } catch (error) {
      if (error instanceof LedgerError) network.penalise(peer, PENALTY_MALFORMED, error.info.code);
      else if (error instanceof NetworkError && error.info.code === 'REQUEST_TIMEOUT') {
        network.penalise(peer, PENALTY_SILENT, error.info.code);
      }
      peers.failed(peer);
      return undefined;
    } finally {
      const left = (busy.get(peer) ?? 1) - 1;
      if (left > 0) busy.set(peer, left);
      else busy.delete(peer);
    }
  }

  /** Verifies and commits one batch. @returns whether the tip moved */
  async function takeAll({ peer, blocks }: Answer, from: number): Promise<boolean> {
    const first = ownHeight();
    try {
      const decoded = decodeAhead(blocks);
      for (let index = 0; index < blocks.length; index += 1) {
        if (stop.signal.aborted) return false;
        for (let ahead = 1; ahead <= BLOCKS_AHEAD; ahead += 1) decoded.begin(index + ahead);
        await take(decoded.at(index), blocks[index]?.proof ?? new Uint8Array(), from + index);
      }
    } catch (error) {
      if (!(error instanceof LedgerError) || error.info.code !== 'PEER_DATA_INVALID') throw error;
      logger.warn({ peer, rule: error.info.rule, height: ownHeight() + 1 }, 'a peer sent a false block');
      network.penalise(peer, PENALTY_FALSE_BLOCK, error.info.rule);
      peers.failed(peer);
      return ownHeight() > first;
    }
    if (blocks.length === 0) peers.failed(peer);
    else peers.helped(peer);
    return ownHeight() > first;
  }

  /** Verifies one block completely and commits it; consensus may have been faster. */
  async function take(block: Block, proof: Uint8Array, height: number): Promise<void> {
    if (height <= ownHeight()) return;
    const { header } = block;
    const { tip } = store;
    if (!tip || header.height !== height) throw falseData('WRONG_HEIGHT');
    if (height !== tip.height + 1) return;
    if (options.checkpoint?.height === height && !equalBytes(options.checkpoint.id, block.id)) {
      throw falseData('CHECKPOINT_DIFFERS');
    }
    if (!equalBytes(header.chainId, chainId)) throw falseData('WRONG_CHAIN');
    if (!equalBytes(header.parentId, tip.id)) throw falseData('WRONG_PARENT');
    const { epochHeights } = parameters;
    const epoch = await epochs.load(epochOfHeight(height, epochHeights), height);
    if (!epoch) throw new LedgerError({ code: 'STORE_FAILED' }, 'the epoch of the next height is not in the state');
    const nextEpoch = await epochs.load(epoch.epoch + 1, firstHeightOfEpoch(epoch.epoch + 1, epochHeights));
    await verifyFinality(block, proof, { epoch, nextEpoch, trusted: tip.header });
    const verdict = await executor.verify(block);
    if (verdict.kind === 'mismatch') throw falseData('WRONG_BODY');
    if (verdict.kind === 'notYet') return;
    if (verdict.kind === 'invalid')
      throw isOwnFault(verdict.code) ? brokenState(height, verdict.code) : falseData(verdict.code);
    await executor.commit(block, proof);
  }

  /**
   * More than two thirds of the weight made the block final, and the body is its own: what does not hold is the state that is on this disk.
   * A finality that rests on later blocks is no such proof.
   */
  function isOwnFault(code: string): boolean {
    return module.caps.finality === 'instant' && code !== 'JUSTIFICATION_UNREADABLE';
  }

  /** Decodes a batch block by block; the signatures of the next are checked while one is executed. */
  function decodeAhead(blocks: readonly SyncedBlock[]): { begin(index: number): void; at(index: number): Block } {
    const done: Block[] = [];
    let begun = 0;
    const at = (index: number): Block => {
      const known = done[index];
      if (known) return known;
      const block = decodeBlock(blocks[index] as SyncedBlock);
      done[index] = block;
      return block;
    };
    return {
      begin(index) {
        if (index >= blocks.length || index <= begun) return;
        begun = index;
        try {
          executor.prepare(at(index));
        } catch (error) {
          if (!(error instanceof LedgerError)) throw error; // a false block is judged at its turn
        }
      },
      at,
    };
  }

  function decodeBlock({ header: headerBytes, body: bodyBytes }: SyncedBlock): Block {
    try {
      const header = decodeHeader(headerBytes);
      const body = decodeBody(bodyBytes, { bytesMax: parameters.blockBytesMax });
      return { header, body, id: blockIdOf(headerBytes) };
    } catch (error) {
      throw falseData(codeOf(error), error);
    }
  }

  async function verifyFinality(
    block: Block,
    proof: Uint8Array,
    context: {
      readonly epoch: EpochContext;
      readonly nextEpoch: EpochContext | undefined;
      readonly trusted: Header;
    },
  ): Promise<void> {
    const { header } = block;
    let claims: ReturnType<ConsensusModule['finalityClaims']>;
    let seal: ReturnType<ConsensusModule['sealClaims']>;
    try {
      claims = module.finalityClaims({ header, proof, ...context, chainId, parameters });
      seal = module.sealClaims({ header, epoch: context.epoch, chainId, parameters });
    } catch (error) {
      throw falseData(codeOf(error), error);
    }
    if (!(await verifyAll(claims))) throw falseData('BAD_SIGNATURE');
    if (!verifyVrfClaims(seal)) throw falseData('BAD_RANDOM_PROOF');
  }

  return {
    announce() {
      network.broadcast(TOPICS.announcement, ownAnnouncement());
    },
    peer(peer) {
      network.send(peer, TOPICS.announcement, ownAnnouncement());
    },
    gone: (peer) => peers.gone(peer),
    behind(peer, height) {
      peers.announce(peer, height);
      start();
    },
    get active() {
      return running !== undefined;
    },
    async close() {
      stop.abort();
      clearTimeout(patience);
      clearTimeout(retry);
      await running;
    },
  };
}

function falseData(rule: string, cause?: unknown): LedgerError {
  return new LedgerError({ code: 'PEER_DATA_INVALID', rule }, 'a peer sent a block that is not the finalized one', {
    cause,
  });
}

function brokenState(height: number, rule: string): LedgerError {
  const message = `the final block ${height} does not execute here (${rule}): the database is damaged; begin anew with an empty one`;
  return new LedgerError({ code: 'STATE_ROOT_MISMATCH', height }, message);
}

function codeOf(error: unknown): string {
  if (error instanceof CodedError) return String(error.code);
  throw error;
}
