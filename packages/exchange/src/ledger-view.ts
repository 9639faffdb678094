/**
 * A gateway's view of the ledger: how old it is, the cells it has read, and what happens next. D11: an old view serves
 * nothing. Spec: docs/spec/gateway-api.md, section 3.
 */
import { toHex } from '@radledger/primitives';
import { decodeTransaction, type SignedTransaction } from '@radledger/transactions';
import { ExchangeError } from './errors.js';
import type { FinalizedHead, LedgerPort } from './ledger-port.js';
import { type CellPair, createPairCache } from './pair-cache.js';

/** Longest age of a view that a gateway still acts on, unless configured. */
export const VIEW_AGE_MS_MAX = 60_000;
/** Longest age of a view that a gateway acts on while the network has proven that it stands still. */
export const HALTED_MS_MAX = 86_400_000;
/** More missed blocks than this are not read one by one: everything cached is dropped instead. */
const CATCH_UP_BLOCKS_MAX = 256;

export interface FinalizedBlock extends FinalizedHead {
  /** Transactions of the blocks since the last one told, in their order; `undefined` when they were too many, or too long ago, to read. */
  readonly transactions: readonly SignedTransaction[] | undefined;
}

export interface LedgerViewListener {
  /** A block is final and the cells it changed are no longer cached. The next event waits until this resolves. */
  onFinalized?(block: FinalizedBlock): Promise<void>;
  /** The node admitted a transaction that may never be final. Its form was checked, its signatures were not. */
  onSeen?(transaction: SignedTransaction): Promise<void>;
  onHeartbeat?(height: number): Promise<void>;
}

/**
 * `halted`: the view is old because the network stands still, and more than half of the stake signed that it does; nobody
 * can have finalized a revocation that is not known here, and one seen meanwhile counts.
 */
export type ViewStanding = 'fresh' | 'halted' | 'stale';

export interface LedgerView {
  readonly chainId: Uint8Array;
  /** Newest finalized block whose changes this view has taken in. */
  readonly head: FinalizedHead;
  /** Now minus the receipt of the newest verified finality proof. */
  ageMs(): number;
  standing(): ViewStanding;
  /** Whether this view may be acted on: it is fresh, or the network has proven that it stands still. */
  isUsable(): boolean;
  /** Both cells from the cache, or both from the node: never one of each, so that cost tells nothing about the study. */
  cells(studyId: Uint8Array, tag: Uint8Array): Promise<CellPair>;
  /** As `cells`, from the cache only. */
  cachedCells(studyId: Uint8Array, tag: Uint8Array): CellPair | undefined;
  /** Drops what is cached of a study: the next look reads the newest finalized cells. */
  forget(studyId: Uint8Array): void;
  listen(listener: LedgerViewListener): void;
  close(): Promise<void>;
}

export interface LedgerViewOptions {
  readonly ledger: LedgerPort;
  /** The source whose studies and grants are asked for. */
  readonly source: Uint8Array;
  readonly now: () => number;
  /** Default 60 000. */
  readonly ageMsMax?: number;
  /** Default 86 400 000, a day; 0 acts on no old view, halted or not. */
  readonly haltedMsMax?: number;
  /** Told when the standing is no longer what it was at the last sign of life. */
  readonly onStanding?: (standing: ViewStanding) => void;
  /** Told of failures that are tried again: an unreachable node, a listener that threw. */
  readonly onFailure?: (error: unknown) => void;
}

/** @throws {ExchangeError} `VIEW_STALE` when nothing may be answered or done by this view */
export function requireUsable(view: Pick<LedgerView, 'isUsable'>): void {
  if (!view.isUsable()) {
    throw new ExchangeError({ code: 'VIEW_STALE' }, 'the view of the ledger is out of date; retry later');
  }
}

/**
 * Starts to follow the ledger. Cells are cached until a finalized transaction names their study.
 * @throws {ExchangeError} `NODE_UNREACHABLE` when the node does not answer at the start
 */
export async function openLedgerView(options: LedgerViewOptions): Promise<LedgerView> {
  const { ledger, source, now } = options;
  const ageMsMax = options.ageMsMax ?? VIEW_AGE_MS_MAX;
  const haltedMsMax = options.haltedMsMax ?? HALTED_MS_MAX;
  const status = await ledger.head();
  const { chainId } = status;
  const listeners: LedgerViewListener[] = [];
  const stop = new AbortController();
  const pairs = createPairCache();

  let head: FinalizedHead = { height: status.height, timestampMs: status.timestampMs };
  let proofReceivedMs = now() - status.proofAgeMs;
  /** When the node last said that the network stands still at this view's height. */
  let haltHeardMs = status.halted ? now() : undefined;
  let told: ViewStanding = 'fresh';

  const standing = (): ViewStanding => {
    const ageMs = now() - proofReceivedMs;
    if (ageMs <= ageMsMax) return 'fresh';
    // A node that went silent after it told of a halt may not have heard that the halt is over.
    const isHalted = haltHeardMs !== undefined && now() - haltHeardMs <= ageMsMax;
    return isHalted && ageMs <= haltedMsMax ? 'halted' : 'stale';
  };

  const tell = async (call: (listener: LedgerViewListener) => Promise<void> | undefined): Promise<void> => {
    for (const listener of listeners) {
      try {
        await call(listener);
      } catch (error) {
        options.onFailure?.(error);
      }
    }
  };

  const takeIn = async (next: FinalizedHead): Promise<void> => {
    if (next.height <= head.height) return;
    const transactions = await readBlocks(head.height + 1, next.height);
    if (transactions === undefined) pairs.clear();
    else for (const { transaction } of transactions) pairs.drop(studyNamedBy(transaction, source));
    head = next;
    haltHeardMs = undefined;
    await tell((listener) => listener.onFinalized?.({ ...next, transactions }));
  };

  const readBlocks = async (from: number, to: number): Promise<readonly SignedTransaction[] | undefined> => {
    if (to - from >= CATCH_UP_BLOCKS_MAX) return undefined;
    const found: SignedTransaction[] = [];
    for (let height = from; height <= to; height++) {
      const transactions = await ledger.transactionsAt(height);
      if (transactions === undefined) return undefined;
      for (const bytes of transactions) found.push(decodeTransaction(bytes, chainId));
    }
    return found;
  };

  const follow = async (): Promise<void> => {
    for await (const event of untilAborted(
      ledger.events({ fromHeight: head.height + 1, signal: stop.signal }),
      stop.signal,
    )) {
      if (event.kind === 'finalized') {
        await takeIn({ height: event.height, timestampMs: event.timestampMs });
      } else if (event.kind === 'seen') {
        const transaction = readSeen(event.transaction);
        if (transaction !== undefined) await tell((listener) => listener.onSeen?.(transaction));
      } else {
        // A proof counts once its block is taken in: a node far ahead of what is cached here makes no view young.
        if (event.height <= head.height) proofReceivedMs = Math.max(proofReceivedMs, now() - event.proofAgeMs);
        haltHeardMs = event.halted && event.height === head.height ? now() : undefined;
        const current = standing();
        if (current !== told) {
          told = current;
          options.onStanding?.(current);
        }
        await tell((listener) => listener.onHeartbeat?.(event.height));
      }
    }
  };

  const readSeen = (bytes: Uint8Array): SignedTransaction | undefined => {
    try {
      return decodeTransaction(bytes, chainId);
    } catch (error) {
      options.onFailure?.(error);
      return undefined;
    }
  };

  const running = (async () => {
    while (!stop.signal.aborted) {
      try {
        await follow();
      } catch (error) {
        if (stop.signal.aborted) break;
        options.onFailure?.(error);
        await pause(RETRY_MS, stop.signal);
      }
    }
  })();

  return {
    chainId,
    get head() {
      return head;
    },
    ageMs: () => Math.max(0, now() - proofReceivedMs),
    standing,
    isUsable: () => standing() !== 'stale',
    cachedCells: (studyId, tag) => pairs.get(studyId, tag),
    async cells(studyId, tag) {
      const cached = pairs.get(studyId, tag);
      if (cached !== undefined) return cached;
      const generation = pairs.generation();
      const [study, grant] = await Promise.all([ledger.study(source, studyId), ledger.grant(source, studyId, tag)]);
      const pair: CellPair = { study, grant };
      pairs.set(studyId, tag, pair, generation);
      return pair;
    },
    forget: (studyId) => pairs.drop(studyId),
    listen: (listener) => void listeners.push(listener),
    async close() {
      stop.abort();
      await running;
    },
  };
}

const RETRY_MS = 500;

/**
 * The items of `source` until `signal` aborts, even when `source` itself hears of that late: an event stream may notice only
 * with its next event.
 */
async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  let end = (): void => undefined;
  const onAbort = (): void => end();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    while (!signal.aborted) {
      // A promise of its own for each item: one that lives long would keep a reaction for every item it was raced with.
      const next = await new Promise<IteratorResult<T> | undefined>((resolve, reject) => {
        end = () => resolve(undefined);
        iterator.next().then(resolve, reject);
      });
      if (next === undefined || next.done === true) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}

/** The study of `source` that a transaction is about, if any. */
export function studyNamedBy(
  { payload }: SignedTransaction['transaction'],
  source: Uint8Array,
): Uint8Array | undefined {
  if (!('studyId' in payload) || toHex(payload.source) !== toHex(source)) return undefined;
  return payload.studyId;
}
