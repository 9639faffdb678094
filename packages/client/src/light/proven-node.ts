/**
 * The ledger through several nodes of which none is believed: one that shows something false is left for good, one that does not answer or
 * lags is passed over. Spec: docs/spec/light-client.md, section 7.
 */
import { cellKey, decodeBody, merkleRoot } from '@radledger/chain';
import { equalBytes, toHex } from '@radledger/primitives';
import { decodeTransaction } from '@radledger/transactions';
import { type CellReader, createCellReader } from '../cell-reader.js';
import { ClientError, isRefusal } from '../errors.js';
import type { CallOptions, FinalizedBlock, NodeClient, NodeEvent, NodeStatus } from '../node-client.js';
import { verifyBucketAnswer } from '../state-proof.js';
import { createLightClient, type LightClient, type LightClientOptions } from './light-client.js';

export interface ProvenNodeOptions extends Omit<LightClientOptions, 'node'> {
  /** One or more, asked in this order; with one alone, a lie is seen and nobody else can be asked. */
  readonly nodes: readonly NodeClient[];
  /** Told when a node showed something false; it is not asked again. */
  readonly onDistrust?: (node: NodeClient, error: ClientError) => void;
}

/** What a reader of the ledger asks of a node, proven. */
export interface ProvenNode extends Pick<NodeClient, 'submit' | 'waitForFinalized' | 'bucket' | 'events'> {
  /** Whom to look for: the list of one node, which proves nothing. What each source is, its cell proves. */
  readonly sources: NodeClient['sources'];
  /** Undefined when it is not final yet, and when the walk has gone on beyond it. */
  readonly block: NodeClient['block'];
  /** Of the newest finalized block that is proven; its age is that of its timestamp by the reader's clock. */
  status(options?: CallOptions): Promise<ProvenStatus>;
  readonly cells: CellReader;
  /** See `LightClient.checkpoint`. */
  checkpoint(): ReturnType<LightClient['checkpoint']>;
}

export interface ProvenStatus {
  readonly chainId: Uint8Array;
  readonly finalized: Pick<NodeStatus['finalized'], 'height' | 'timestampMs' | 'proofAgeMs'>;
}

const BODY_BYTES_MAX = 16 * 1024 * 1024;
/** Signs of a node that shows what is not so. */
const FALSE: ReadonlySet<string> = new Set(['PROOF_INVALID', 'MALFORMED_RESPONSE']);
/** Signs of a node that cannot help now. */
const NO_HELP: ReadonlySet<string> = new Set([
  'UNREACHABLE',
  'TIMEOUT',
  'RESPONSE_TOO_LARGE',
  'REFUSED',
  'VIEW_TOO_OLD',
  'CHECKPOINT_UNKNOWN',
]);
/** Read for its header's sake. */
const NEWEST = cellKey.params;
const UNKNOWN_BLOCK = { status: 404, reason: 'BLOCK_UNKNOWN' } as const;
const WAIT_MS = 120_000;
/** Blocks before the newest in which a transaction is looked for that was submitted before the wait began. */
const LOOK_BACK = 16;
/** Prefixes in one question to a node. */
const PREFIXES_MAX = 16;

/** @throws {ClientError} `NO_NODES` when none is given; each call: those of `LightClient`, of the last node asked when none could help */
export function createProvenNode(options: ProvenNodeOptions): ProvenNode {
  const { nodes, onDistrust } = options;
  if (nodes.length === 0) throw new ClientError({ code: 'NO_NODES' }, 'expected at least one node');
  const trusted = new Set(nodes);
  let current = nodes[0] as NodeClient;
  const light = createLightClient({
    ...options,
    node: {
      boundaries: (range, call) => current.boundaries(range, call),
      state: (query, call) => current.state(query, call),
    },
  });
  let turn: Promise<unknown> = Promise.resolve();

  /** Asks node after node, the one that helped last first. One question at a time: blame falls on the node that was asked. */
  function ask<T>(question: (node: NodeClient) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const answer = turn.then(async () => {
      let last: ClientError | undefined;
      for (const node of [current, ...nodes.filter((other) => other !== current)]) {
        if (!trusted.has(node)) continue;
        current = node;
        try {
          return await question(node);
        } catch (error) {
          signal?.throwIfAborted();
          if (!(error instanceof ClientError)) throw error;
          if (FALSE.has(error.code)) {
            trusted.delete(node);
            onDistrust?.(node, error);
          } else if (!NO_HELP.has(error.code)) throw error;
          last = error;
        }
      }
      throw last ?? noNodes();
    });
    turn = answer.catch(() => undefined);
    return answer;
  }

  async function status({ signal }: CallOptions = {}): Promise<ProvenStatus> {
    const { header, viewAgeMs } = await ask(() => light.cells([NEWEST], signal), signal);
    const { height, timestampMs } = header;
    return { chainId: options.chainId, finalized: { height, timestampMs, proofAgeMs: viewAgeMs } };
  }

  /** Below it nothing can be proven any more: the walk has gone on. */
  const passedHeight = (): number => light.boundary()?.header.height ?? 0;

  async function block(height: number, { signal }: CallOptions = {}): Promise<FinalizedBlock | undefined> {
    const call = { ...(signal && { signal }) };
    if (height < passedHeight()) return undefined;
    try {
      return await ask(async (node) => {
        const answer = await node.block(height, call);
        if (answer?.body === undefined)
          throw new ClientError({ code: 'REFUSED', ...UNKNOWN_BLOCK }, 'no such block yet');
        const header = await light.believe(answer, { ageMaxMs: Number.POSITIVE_INFINITY, ...call });
        const transactions = transactionsOf(answer.body);
        if (header.height !== height || !equalBytes(merkleRoot(transactions), header.transactionRoot)) throw unproven();
        return { ...answer, transactions: transactions.map((bytes) => decodeTransaction(bytes, options.chainId).txId) };
      }, signal);
    } catch (error) {
      if (isRefusal(error, UNKNOWN_BLOCK.reason) || height < passedHeight()) return undefined;
      throw error;
    }
  }

  /** New heights as any of the nodes tells them: hints, for whoever then asks for the block or its cells. */
  async function* events(range: Parameters<NodeClient['events']>[0]): AsyncGenerator<NodeEvent, void, undefined> {
    const stop = new AbortController();
    const signal = AbortSignal.any([range.signal, stop.signal]);
    const told = new Set<number>();
    try {
      for await (const event of merged([...trusted].map((node) => node.events({ ...range, signal })))) {
        // Not by order: a height that is not there yet must not hide those that are.
        if (event.event !== 'finalized' || told.has(event.height)) continue;
        told.add(event.height);
        yield event;
      }
    } finally {
      stop.abort();
    }
  }

  async function bucket(prefix: string, { signal }: CallOptions = {}): ReturnType<NodeClient['bucket']> {
    return ask(async (node) => {
      const answer = await node.bucket(prefix, { ...(signal && { signal }) });
      verifyBucketAnswer(answer, prefix);
      await light.believe(answer.proof, { ...(signal && { signal }) });
      return answer;
    }, signal);
  }

  const cells = createCellReader({ bucket });
  return {
    bucket,
    checkpoint: () => light.checkpoint(),
    cells: {
      all: (signal, digitsMax) => cells.all(signal, digitsMax),
      async read(names, signal) {
        const values: (Uint8Array | undefined)[] = [];
        for (let at = 0; at < names.length; at += PREFIXES_MAX) {
          const some = names.slice(at, at + PREFIXES_MAX);
          values.push(...(await ask(async () => (await light.cells(some, signal)).values, signal)));
        }
        return values;
      },
    },
    status,
    // What a source is, its cell proves; the list itself only says whom to look for, and a node may leave some out.
    sources: ({ signal } = {}) => ask((node) => node.sources({ ...(signal && { signal }) }), signal),
    async submit(transaction, { signal } = {}) {
      // To all of them: one alone would learn who submits, and could keep it to itself.
      const call = { ...(signal && { signal }) };
      const sent = await Promise.allSettled([...trusted].map((node) => node.submit(transaction, call)));
      signal?.throwIfAborted();
      const taken = sent.find((outcome) => outcome.status === 'fulfilled');
      if (taken !== undefined) return taken.value;
      throw sent.find((outcome) => outcome.status === 'rejected')?.reason ?? noNodes();
    },
    block,
    events,
    async waitForFinalized(txId, how = {}) {
      const { expiryHeight, timeoutMs = WAIT_MS } = how;
      const limit = AbortSignal.timeout(timeoutMs);
      const signal = how.signal === undefined ? limit : AbortSignal.any([how.signal, limit]);
      let next = how.fromHeight ?? 1;
      try {
        if (how.fromHeight === undefined) next = Math.max(1, (await status({ signal })).finalized.height - LOOK_BACK);
        for await (const hint of events({ fromHeight: next, signal })) {
          if (hint.event !== 'finalized') continue;
          for (next = Math.max(next, passedHeight()); next <= hint.height; next += 1) {
            const known = await block(next, { signal });
            if (known?.transactions.some((id) => equalBytes(id, txId)) === true) return { height: next };
            if (known === undefined) break;
            if (next !== expiryHeight) continue;
            const info = { code: 'TRANSACTION_EXPIRED', txId: toHex(txId), expiryHeight } as const;
            throw new ClientError(info, 'the transaction expired before a block took it');
          }
        }
      } catch (error) {
        if (!limit.aborted || how.signal?.aborted === true) throw error;
      }
      how.signal?.throwIfAborted();
      throw new ClientError({ code: 'TIMEOUT', timeoutMs }, 'the transaction is not final yet');
    },
  };
}

/** What any of the streams says, in the order it arrives, until all have ended. */
async function* merged<T>(streams: readonly AsyncIterable<T>[]): AsyncGenerator<T, void, undefined> {
  const pull = (iterator: AsyncIterator<T>) =>
    iterator.next().then(
      (result) => ({ iterator, result }),
      (error: unknown) => ({ iterator, error }),
    );
  const pending = new Map(
    streams.map((stream) => {
      const iterator = stream[Symbol.asyncIterator]();
      return [iterator, pull(iterator)] as const;
    }),
  );
  let failure: Error | undefined;
  while (pending.size > 0) {
    const got = await Promise.race(pending.values());
    if ('error' in got) failure = got.error as Error;
    if ('error' in got || got.result.done === true) {
      pending.delete(got.iterator);
      continue;
    }
    pending.set(got.iterator, pull(got.iterator));
    yield got.result.value;
  }
  if (failure !== undefined) throw failure;
}

function transactionsOf(body: Uint8Array): readonly Uint8Array[] {
  try {
    return decodeBody(body, { bytesMax: BODY_BYTES_MAX }).transactions;
  } catch (cause) {
    throw unproven(cause);
  }
}

function unproven(cause?: unknown): ClientError {
  return new ClientError({ code: 'PROOF_INVALID' }, 'the proof does not show what the node says', { cause });
}

function noNodes(): ClientError {
  return new ClientError({ code: 'NO_NODES' }, 'every node showed something false');
}
