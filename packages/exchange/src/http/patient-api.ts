/** The patient-facing API of a gateway. Spec: docs/spec/gateway-api.md, section 1. */
import {
  ACCESS_LOG_REQUEST_BYTES_MAX,
  CLAIM_BYTES_MAX,
  createWellKnown,
  GRANT_NOTICE_BYTES_MAX,
  KEY_WITHDRAWAL_BYTES_MAX,
  MAILBOX_BYTES_MAX,
  OWNER_REQUEST_BYTES_MAX,
  STUDY_SECRET_REQUEST_BYTES_MAX,
  TRANSFER_RECEIPT_BYTES_MAX,
  wellKnownToJson,
} from '@radledger/handover';
import { fromHex, type Signer } from '@radledger/primitives';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import type { AuditHead } from '../audit/audit-head.js';
import { ExchangeError } from '../errors.js';
import type { ImageRecipient } from '../recipient/recipient-contract.js';
import type { DisclosureOptions } from '../source/invitations.js';
import type { ImageSource } from '../source/source-contract.js';
import { errorHandler, sendError } from './replies.js';

export interface PatientApiOptions {
  readonly source?: ImageSource | undefined;
  readonly recipient?: ImageRecipient | undefined;
  /** Signs the well-known document: the source's signing key, or the recipient key when there is no source. */
  readonly signer: Signer;
  readonly chainId: Uint8Array;
  /** Address under which patients reach this API. */
  readonly gatewayApi: string;
  /** Whom a patient asks about her data: one line. */
  readonly privacyContact?: string;
  /** The newest signed head of the audit trail, served to whoever wants to keep it. */
  readonly auditHead?: () => Promise<AuditHead | undefined>;
  /** The clock, Unix ms; default the system's. */
  readonly now?: () => number;
  /** Requests of one address a minute; default 1200: a waiting room, and a clinic's whole network, have one address. */
  readonly requestsPerMinute?: number;
  /** Of these, requests that are refused, wrong codes among them; default 120. */
  readonly refusedPerMinute?: number;
  /** Number of reverse proxies in front whose `X-Forwarded-For` is believed; default 0. */
  readonly trustedProxies?: number;
  readonly onFailure?: (error: unknown) => void;
}

/**
 * Makes the express app of the patient-facing API. Without a source, claims and study secrets are 404; without a recipient,
 * boxes are.
 */
export function createPatientApi(options: PatientApiOptions): Express {
  const { source, recipient } = options;
  const onFailure = options.onFailure ?? (() => undefined);
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('trust proxy', options.trustedProxies ?? 0);
  app.use(helmet({ crossOriginResourcePolicy: { policy: 'cross-origin' } }));
  app.use(openToEveryOrigin);
  const ofOneAddress = {
    windowMs: 60_000,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    handler: (_request: Request, response: Response) =>
      sendError(response, new ExchangeError({ code: 'TOO_MANY_REQUESTS' }, 'retry in a minute')),
  } as const;
  app.use(rateLimit({ ...ofOneAddress, identifier: 'requests', limit: options.requestsPerMinute ?? 1_200 }));
  app.use(
    rateLimit({
      ...ofOneAddress,
      identifier: 'refused',
      limit: options.refusedPerMinute ?? 120,
      // Counted while it is under way, and given back unless whoever asked is refused: what fails here is not theirs.
      skipSuccessfulRequests: true,
      requestWasSuccessful: (_request, { statusCode }) => statusCode < 400 || statusCode >= 500,
    }),
  );

  app.get('/.well-known/radledger', async (_request, response) => {
    const document = await createWellKnown(
      {
        chainId: options.chainId,
        api: options.gatewayApi,
        privacyContact: options.privacyContact ?? '',
        issuedAtMs: (options.now ?? Date.now)(),
        ...(source === undefined ? {} : { source: source.source, iti43: source.endpointUrl }),
        ...(recipient === undefined ? {} : { recipient: recipient.recipientKey }),
      },
      options.signer,
    );
    response.json(wellKnownToJson(document));
  });

  app.get('/.well-known/radledger/audit-head', async (_request, response) => {
    const head = await options.auditHead?.();
    if (head !== undefined) response.json(head);
    else sendError(response, new ExchangeError({ code: 'NOT_FOUND' }, 'no day of the audit trail has ended yet'));
  });

  if (source !== undefined) {
    app.post('/v1/claims', octets(CLAIM_BYTES_MAX), async (request, response) => {
      sendOctets(response, await source.claim(bodyOf(request.body), readingOf(request)));
    });
    app.post('/v1/study-secrets', octets(STUDY_SECRET_REQUEST_BYTES_MAX), async (request, response) => {
      sendOctets(response, await source.studySecret(bodyOf(request.body), readingOf(request)));
    });
    app.post('/v1/receipts', octets(TRANSFER_RECEIPT_BYTES_MAX), async (request, response) => {
      sendOctets(response, await source.exchangeReceipts(bodyOf(request.body)));
    });
    app.post('/v1/access-logs', octets(ACCESS_LOG_REQUEST_BYTES_MAX), async (request, response) => {
      sendOctets(response, await source.accessLog(bodyOf(request.body)));
    });
    const { desk } = source;
    app.post('/v1/owner-requests', octets(OWNER_REQUEST_BYTES_MAX), async (request, response) => {
      sendOctets(response, await desk.ownerRequest(bodyOf(request.body)));
    });
    app.post('/v1/erasure-notes', octets(OWNER_REQUEST_BYTES_MAX), async (request, response) => {
      sendOctets(response, await desk.erasureNote(bodyOf(request.body)));
    });
    app.post('/v1/mailboxes/:mailboxId', octets(MAILBOX_BYTES_MAX), async (request, response) => {
      await desk.mailboxes.leave(String(request.params.mailboxId), bodyOf(request.body));
      response.status(202).json({});
    });
    app.get('/v1/mailboxes/:mailboxId', async (request, response) => {
      const left = await desk.mailboxes.read(String(request.params.mailboxId));
      if (left === undefined) response.status(204).end();
      else sendOctets(response, left);
    });
    app.post('/v1/key-withdrawals/:studyId', octets(KEY_WITHDRAWAL_BYTES_MAX), async (request, response) => {
      const studyId = String(request.params.studyId);
      if (!STUDY_ID.test(studyId))
        throw new ExchangeError({ code: 'MALFORMED_REQUEST' }, 'expected a study id of 64 lower-case hex digits');
      await source.withdrawKey(bodyOf(request.body), fromHex(studyId));
      response.status(202).json({});
    });
  }
  if (recipient !== undefined) {
    app.post('/v1/boxes/:boxId', octets(GRANT_NOTICE_BYTES_MAX), async (request, response) => {
      await recipient.takeNotice(String(request.params.boxId), bodyOf(request.body));
      response.status(202).json({});
    });
  }

  app.use((_request, response) =>
    sendError(response, new ExchangeError({ code: 'NOT_FOUND' }, 'there is nothing here')),
  );
  app.use(errorHandler(onFailure));
  return app;
}

const STUDY_ID = /^[0-9a-f]{64}$/;

const openToEveryOrigin: RequestHandler = (request, response, next) => {
  response.set({
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Allow-Methods': 'GET, HEAD, POST',
    'Access-Control-Allow-Headers': 'Content-Type',
    'Access-Control-Max-Age': '86400',
    'Cache-Control': 'no-store',
  });
  if (request.method === 'OPTIONS') response.status(204).end();
  else next();
};

function octets(bytesMax: number): RequestHandler {
  return express.raw({ type: 'application/octet-stream', limit: bytesMax, inflate: false });
}

function bodyOf(body: unknown): Uint8Array {
  if (!(body instanceof Uint8Array) || body.length === 0) {
    throw new ExchangeError({ code: 'MALFORMED_REQUEST' }, 'expected a body of type application/octet-stream');
  }
  return new Uint8Array(body);
}

/** What the app behind a request can read; one that does not say so is an earlier one. */
function readingOf({ query }: Request): DisclosureOptions {
  return { disclosureFormat: query['disclosure'] === '2' ? 2 : 1 };
}

function sendOctets(response: Response, bytes: Uint8Array): void {
  response.type('application/octet-stream').send(Buffer.from(bytes));
}
