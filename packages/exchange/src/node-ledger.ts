/** The ledger as one's own node tells it, over its HTTP API; the client checks each cell against the state root it came with. */
import { decodeBody } from '@radledger/chain';
import { type CellAnswer, ClientError, type NodeClient, type NodeEvent } from '@radledger/client';
import { ExchangeError } from './errors.js';
import type { LedgerEvent, LedgerPort } from './ledger-port.js';

/** Largest body of a block that is read, in bytes: the protocol's own limit is far below. */
export const BODY_BYTES_MAX = 32 * 1024 * 1024;

/**
 * Reads and submits through a node client. The node is the operator's own: it verified the finality of the headers it
 * gives, which is not repeated here; that a cell stands under a header's state root is checked for each answer.
 */
export function createNodeLedger(node: NodeClient): LedgerPort {
  return {
    async head() {
      const { chainId, finalized, halted } = await reaching(node.status());
      const { height, timestampMs, id, proofAgeMs } = finalized;
      return { chainId, height, timestampMs, blockId: id, proofAgeMs, halted: halted?.height === height };
    },
    async submit(transaction) {
      try {
        await node.submit(transaction);
      } catch (cause) {
        if (!(cause instanceof ClientError) || cause.info.code !== 'REFUSED' || cause.info.status >= 500)
          throw failed(cause);
        const { reason } = cause.info;
        throw new ExchangeError({ code: 'TRANSACTION_REFUSED', reason }, `the node refuses it: ${reason}`, { cause });
      }
    },
    async outcome(txId) {
      const status = await reaching(node.transactionStatus(txId));
      return status.status === 'refused' ? { status: 'refused', code: status.reason } : status;
    },
    study: (source, studyId) => cell(node.study(source, studyId)),
    grant: (source, studyId, tag) => cell(node.grant(source, studyId, tag)),
    source: (id) => cell(node.source(id)),
    async transactionsAt(height) {
      const block = await reaching(node.block(height));
      if (block?.body === undefined) {
        throw new ExchangeError(
          { code: 'NODE_UNREACHABLE', reason: 'BLOCK_UNKNOWN' },
          'the node has no body of a final block',
        );
      }
      return decodeBody(block.body, { bytesMax: BODY_BYTES_MAX }).transactions;
    },
    async *events({ fromHeight, signal }) {
      for await (const event of node.events({ fromHeight, signal })) yield translated(event);
    },
  };
}

async function cell<T>(answer: Promise<CellAnswer<T>>): Promise<T | undefined> {
  return (await reaching(answer)).cell;
}

function translated(event: NodeEvent): LedgerEvent {
  switch (event.event) {
    case 'finalized':
      return { kind: 'finalized', height: event.height, timestampMs: event.timestampMs };
    case 'seen':
      return { kind: 'seen', transaction: event.transaction };
    case 'status':
      return { kind: 'heartbeat', height: event.height, proofAgeMs: event.proofAgeMs, halted: event.halted };
  }
}

/** @throws {ExchangeError} in place of what the client throws */
export async function reaching<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (cause) {
    throw failed(cause);
  }
}

/** What the client throws, in the exchange's own codes. */
export function failed(cause: unknown): unknown {
  if (!(cause instanceof ClientError)) return cause;
  const { info } = cause;
  if (info.code === 'PROOF_INVALID') {
    return new ExchangeError({ code: 'SOURCE_UNPROVEN' }, 'the node gave a proof that does not hold', { cause });
  }
  const reason = info.code === 'REFUSED' ? info.reason : info.code;
  return new ExchangeError({ code: 'NODE_UNREACHABLE', reason }, `the node does not answer as it should: ${reason}`, {
    cause,
  });
}
