/** `GET /v1/events`: a ledger's events as text/event-stream. Spec: docs/spec/node-api.md, section 7. */
import { once } from 'node:events';
import { toHex } from '@radledger/primitives';
import type { Request, Response } from 'express';
import type { LedgerEvent } from '../event-hub.js';
import type { Ledger } from '../contract.js';
import { numberParameter } from './replies.js';

export const HEARTBEAT_MS = 5_000;
/** A reader that leaves more than this unread is disconnected and resumes by id. */
const WAITING_BYTES_MAX = 1024 * 1024;
const REPLAY_BATCH = 100;

interface FinalizedFacts {
  readonly height: number;
  readonly id: Uint8Array;
  readonly timestampMs: number;
  readonly stateRoot: Uint8Array;
}

/** Serves one stream until its reader leaves or the ledger closes; resolves then. */
export async function serveEvents(ledger: Ledger, req: Request, res: Response): Promise<void> {
  const resume = req.get('last-event-id');
  const from =
    resume !== undefined
      ? numberParameter(resume, 'Last-Event-ID', { min: 0, max: Number.MAX_SAFE_INTEGER - 1 }) + 1
      : numberParameter(req.query.fromHeight, 'fromHeight', {
          min: 0,
          max: Number.MAX_SAFE_INTEGER,
          fallback: ledger.status().finalized.height + 1,
        });
  res.status(200);
  res.set({ 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' });
  res.flushHeaders();
  req.socket.setNoDelay(true);

  const gone = new AbortController();
  const finished = new Promise<void>((resolve) => {
    res.once('close', () => {
      gone.abort();
      resolve();
    });
  });
  const write = (event: string, data: object, id?: number): void => {
    if (gone.signal.aborted) return;
    res.write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    if (res.writableLength > WAITING_BYTES_MAX) res.destroy();
  };
  const status = (): void => {
    const { finalized, halted, nowMs } = ledger.status();
    const { height, proofAgeMs } = finalized;
    write('status', { height, proofAgeMs, halted: halted !== undefined, nowMs });
  };
  let sentHeight = from - 1;
  const finalized = ({ height, id, timestampMs, stateRoot }: FinalizedFacts): void => {
    if (height <= sentHeight) return;
    sentHeight = height;
    write('finalized', { height, id: toHex(id), timestampMs, stateRoot: toHex(stateRoot) }, height);
  };
  const seen = (txId: Uint8Array, transaction: Uint8Array): void =>
    write('seen', { txId: toHex(txId), transaction: toHex(transaction) });
  const live = (event: LedgerEvent): void => {
    if (event.type === 'finalized') {
      finalized(event);
      status();
    } else if (event.type === 'seen') seen(event.txId, event.transaction);
    else if (event.type === 'closed') res.end();
  };

  // Events that happen during the replay wait behind it, so that heights only rise.
  let waiting: LedgerEvent[] | undefined = [];
  const unsubscribe = ledger.subscribe((event) => (waiting ? waiting.push(event) : live(event)));
  const heartbeat = setInterval(status, HEARTBEAT_MS);
  try {
    status();
    await replay(ledger, from, finalized, async () => {
      if (res.writableNeedDrain) await once(res, 'drain', { signal: gone.signal });
      return !gone.signal.aborted;
    });
    for (const { txId, bytes } of ledger.pending()) {
      if (res.writableNeedDrain) await once(res, 'drain', { signal: gone.signal });
      seen(txId, bytes);
    }
    const held = waiting;
    waiting = undefined;
    for (const event of held) live(event);
    await finished;
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  } finally {
    clearInterval(heartbeat);
    unsubscribe();
    res.end();
  }
}

async function replay(
  ledger: Ledger,
  from: number,
  send: (facts: FinalizedFacts) => void,
  ready: () => Promise<boolean>,
): Promise<void> {
  for (let next = from; next <= ledger.status().finalized.height; ) {
    const blocks = await ledger.headers({ from: next, limit: REPLAY_BATCH });
    if (blocks.length === 0) return;
    for (const { id, header } of blocks) {
      send({ height: header.height, id, timestampMs: header.timestampMs, stateRoot: header.stateRoot });
      next = header.height + 1;
      if (!(await ready())) return;
    }
  }
}
