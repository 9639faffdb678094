/** Waiting for a transaction without asking for it by name: a node that is asked again and again learns who waits for what. */
import { equalBytes, toHex } from '@radledger/primitives';
import { ClientError } from './errors.js';
import type { NodeClient } from './node-client.js';

export interface WaitOptions {
  /** First height that may hold it; default: 16 blocks before the newest finalized one, for whoever submits first and waits then. */
  readonly fromHeight?: number;
  /** Its expiry height: once that is finalized without it, the wait ends. */
  readonly expiryHeight?: number;
  /** Default 120,000. */
  readonly timeoutMs?: number;
  /** Ask the node at the end, by id, why it dropped the transaction; it then knows who waited. Default false; never for patients. */
  readonly askForReason?: boolean;
  readonly signal?: AbortSignal;
}

export interface FinalizedTransaction {
  readonly height: number;
}

const TIMEOUT_MS = 120_000;
const LOOK_BACK_BLOCKS = 16;
/** Events are drained into lists of this many blocks when the stream catches up. */
const BLOCKS_MAX = 100;

/**
 * Follows finalized blocks until one holds the transaction. The id itself is never asked for, unless `askForReason` says so:
 * then once, at the end.
 * @throws {ClientError} `TRANSACTION_EXPIRED` | `TRANSACTION_REFUSED` | `TIMEOUT`
 */
export async function waitForFinalized(
  node: Pick<NodeClient, 'status' | 'events' | 'blocks' | 'transactionStatus'>,
  txId: Uint8Array,
  options: WaitOptions = {},
): Promise<FinalizedTransaction> {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), timeoutMs);
  const signal = options.signal === undefined ? limit.signal : AbortSignal.any([options.signal, limit.signal]);
  try {
    let next = options.fromHeight ?? Math.max(1, (await node.status({ signal })).finalized.height - LOOK_BACK_BLOCKS);
    for await (const event of node.events({ fromHeight: next, signal })) {
      if (event.event !== 'finalized' || event.height < next) continue;
      for (const block of await node.blocks(
        { from: next, limit: Math.min(event.height - next + 1, BLOCKS_MAX) },
        { signal },
      )) {
        if (block.transactions.some((id) => equalBytes(id, txId))) return { height: block.height };
        next = Math.max(next, block.height + 1);
      }
      if (options.expiryHeight !== undefined && next > options.expiryHeight) {
        const { expiryHeight, askForReason } = options;
        const info = { code: 'TRANSACTION_EXPIRED', txId: toHex(txId), expiryHeight } as const;
        throw await failureOf(node, txId, info, askForReason);
      }
    }
  } catch (error) {
    if (!limit.signal.aborted || options.signal?.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
  options.signal?.throwIfAborted();
  throw await failureOf(node, txId, { code: 'TIMEOUT', timeoutMs }, options.askForReason);
}

async function failureOf(
  node: Pick<NodeClient, 'transactionStatus'>,
  txId: Uint8Array,
  info: { code: 'TRANSACTION_EXPIRED'; txId: string; expiryHeight: number } | { code: 'TIMEOUT'; timeoutMs: number },
  askForReason = false,
): Promise<ClientError> {
  const status = askForReason ? await node.transactionStatus(txId).catch(() => undefined) : undefined;
  if (status?.status === 'refused') {
    return new ClientError(
      { code: 'TRANSACTION_REFUSED', txId: toHex(txId), reason: status.reason },
      `the node dropped the transaction: ${status.reason}`,
    );
  }
  return new ClientError(
    info,
    info.code === 'TIMEOUT' ? 'the transaction is not final yet' : 'the transaction expired before a block took it',
  );
}
