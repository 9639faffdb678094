/** The node's HTTP API as an express application. Spec: docs/spec/node-api.md. */
import { encodeHaltStatement, encodeRecovery } from '@radledger/consensus';
import { formatCheckpoint } from '@radledger/chain';
import { toHex } from '@radledger/primitives';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import type { Ledger } from '../contract.js';
import { LedgerError } from '../errors.js';
import type { LedgerLogger } from '../logger.js';
import { blockRoutes } from './block-routes.js';
import { cellRoutes } from './cell-routes.js';
import { dutyRoutes } from './duty-routes.js';
import { serveEvents } from './event-stream.js';
import { idParameter, replyError, statusOf } from './replies.js';
import { stateRoutes } from './state-routes.js';

export interface NodeApiOptions {
  /** Requests of one address in a minute; default 6,000. */
  readonly requestsPerMinute?: number;
  /** Event streams open at once; default 256. */
  readonly eventStreamsMax?: number;
  readonly logger?: LedgerLogger;
}

/** Serves a ledger. The caller listens, with `listenNodeApi` or an HTTP server of its own. */
export function createNodeApi(ledger: Ledger, options: NodeApiOptions = {}): Express {
  const { requestsPerMinute = 6_000, eventStreamsMax = 256, logger } = options;
  const transactionBytesMax = ledger.genesis.parameters.transactionBytesMax;
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('query parser', 'simple');
  app.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
      },
      crossOriginResourcePolicy: { policy: 'cross-origin' },
    }),
    openToReaders,
    rateLimit({
      windowMs: 60_000,
      limit: requestsPerMinute,
      standardHeaders: 'draft-8',
      legacyHeaders: false,
      handler: (_req, res) => {
        res.set('Retry-After', '60');
        replyError(res, 429, 'RATE_LIMITED', `at most ${requestsPerMinute} requests a minute: slow down`);
      },
    }),
  );

  app.get('/v1/status', (_req, res) => {
    const status = ledger.status();
    const { chainId, name, module, finalized, nodeKey, vrfKey, voting, halted } = status;
    res.json({
      chainId: toHex(chainId),
      name,
      module,
      height: finalized.height,
      finalized: { ...finalized, id: toHex(finalized.id), stateRoot: toHex(finalized.stateRoot) },
      checkpoint: formatCheckpoint(status.checkpoint),
      lowestHeight: status.lowestHeight,
      peers: status.peers,
      pendingTransactions: status.pendingTransactions,
      nodeKey: nodeKey ? toHex(nodeKey) : null,
      vrfKey: vrfKey ? toHex(vrfKey) : null,
      voting: { allowed: voting.allowed, reason: voting.allowed ? null : voting.reason },
      halted: halted
        ? {
            height: halted.height,
            blockId: toHex(halted.blockId),
            weight: String(halted.weight),
            totalWeight: String(halted.totalWeight),
          }
        : null,
      ...(status.figures && { figures: status.figures }),
      nowMs: status.nowMs,
    });
  });
  app.get('/v1/recoveries', (_req, res) => {
    res.json({ recoveries: ledger.recoveries.map((recovery) => toHex(encodeRecovery(recovery))) });
  });
  app.get('/v1/halt', (_req, res) => {
    const { halted } = ledger.status();
    res.json({ statements: (halted?.statements ?? []).map((statement) => toHex(encodeHaltStatement(statement))) });
  });

  app.post(
    '/v1/transactions',
    express.raw({ type: 'application/octet-stream', limit: transactionBytesMax, inflate: false }),
    async (req, res) => {
      if (!(req.body instanceof Uint8Array)) {
        replyError(res, 415, 'MEDIA_TYPE_UNSUPPORTED', 'send signed bytes as application/octet-stream');
        return;
      }
      const txId = await ledger.submit(new Uint8Array(req.body));
      res.status(202).json({ txId: toHex(txId) });
    },
  );
  app.get('/v1/transactions/:txId', async (req, res) => {
    const txId = idParameter(req.params.txId, 'txId');
    const answer = await ledger.transactionStatus(txId);
    if (answer.status === 'refused') {
      res.json({ txId: toHex(txId), status: 'refused', code: answer.rule, message: answer.message });
    } else res.json({ txId: toHex(txId), ...answer });
  });

  app.use('/v1', cellRoutes(ledger), stateRoutes(ledger), blockRoutes(ledger), dutyRoutes(ledger));

  let streams = 0;
  app.get('/v1/events', async (req, res) => {
    if (streams >= eventStreamsMax) {
      res.set('Retry-After', '5');
      replyError(
        res,
        503,
        'TOO_MANY_STREAMS',
        `this node serves ${eventStreamsMax} event streams at once: ask another one`,
      );
      return;
    }
    streams += 1;
    try {
      await serveEvents(ledger, req, res);
    } finally {
      streams -= 1;
    }
  });

  app.use((req, res) => {
    const known = req.method === 'GET' || req.method === 'POST' || req.method === 'HEAD';
    if (known) replyError(res, 404, 'ROUTE_UNKNOWN', 'no such path: see docs/spec/node-api.md');
    else replyError(res, 405, 'METHOD_NOT_ALLOWED', 'this API knows GET and POST');
  });
  app.use(errorReplies(transactionBytesMax, logger));
  return app;
}

const openToReaders: RequestHandler = (req, res, next) => {
  res.set({
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Expose-Headers': 'Retry-After, RateLimit, RateLimit-Policy',
    'Cache-Control': 'no-store',
  });
  if (req.method !== 'OPTIONS') {
    next();
    return;
  }
  res.set({
    'Access-Control-Allow-Methods': 'GET, POST',
    'Access-Control-Allow-Headers': 'Content-Type, Last-Event-ID',
    'Access-Control-Max-Age': '600',
  });
  res.status(204).end();
};

function errorReplies(transactionBytesMax: number, logger: LedgerLogger | undefined): ErrorRequestHandler {
  return (error: unknown, _req, res, _next) => {
    if (res.headersSent) {
      res.destroy();
      return;
    }
    if (error instanceof LedgerError) {
      const { status, code, message } = statusOf(error);
      if (status >= 500) logger?.error({ code: error.code }, 'request failed');
      if (status === 429) res.set('Retry-After', '1');
      replyError(res, status, code, message);
      return;
    }
    const type = typeof error === 'object' && error !== null && 'type' in error ? error.type : undefined;
    const status = typeof error === 'object' && error !== null && 'status' in error ? Number(error.status) : 500;
    if (type === 'entity.too.large') {
      replyError(res, 413, 'TOO_LARGE', `a transaction has at most ${transactionBytesMax} bytes`);
    } else if (status === 415) {
      replyError(res, 415, 'MEDIA_TYPE_UNSUPPORTED', 'send the bytes as they are, without a content encoding');
    } else if (status >= 400 && status < 500) {
      replyError(res, 400, 'REQUEST_INVALID', 'the request could not be read');
    } else {
      logger?.error({ err: error }, 'request failed');
      replyError(res, 500, 'INTERNAL', 'something failed in this node: its log says what');
    }
  };
}
