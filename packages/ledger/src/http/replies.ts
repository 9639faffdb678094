/** Coded error answers and request parameters. Spec: docs/spec/node-api.md, sections 1 and 9. */
import { encodeHeader } from '@radledger/chain';
import { fromHex, toHex } from '@radledger/primitives';
import type { Response } from 'express';
import type { FinalizedView } from '../contract.js';
import { LedgerError } from '../errors.js';

/** An error that the API itself raises; refusals of transactions carry the rule's code instead. */
export type ApiCode =
  | 'REQUEST_INVALID'
  | 'ROUTE_UNKNOWN'
  | 'METHOD_NOT_ALLOWED'
  | 'MEDIA_TYPE_UNSUPPORTED'
  | 'TOO_LARGE'
  | 'RATE_LIMITED'
  | 'TOO_MANY_STREAMS'
  | 'SOURCE_UNKNOWN'
  | 'STUDY_UNKNOWN'
  | 'GRANT_UNKNOWN'
  | 'OWNER_UNKNOWN'
  | 'BLOCK_UNKNOWN'
  | 'ACCOUNT_UNKNOWN'
  | 'BLOCK_PRUNED'
  | 'BUCKET_TOO_LARGE'
  | 'CHANGES_UNKNOWN'
  | 'NODE_STOPPING'
  | 'NODE_FAILED'
  | 'INTERNAL';

/** Answers with `{ error: { code, message }, ...extra }`. */
export function replyError(res: Response, status: number, code: string, message: string, extra: object = {}): void {
  res.status(status).json({ error: { code, message }, ...extra });
}

/** The status and code of an error of the ledger; undefined for what nobody expected. */
export function statusOf(error: LedgerError): { status: number; code: string; message: string } {
  const message = error.message.slice(error.code.length + 2);
  const { info } = error;
  switch (info.code) {
    case 'TRANSACTION_REFUSED':
      if (info.rule === 'TOO_LARGE') return { status: 413, code: info.rule, message };
      return { status: info.stage === 'state' ? 409 : 400, code: info.rule, message };
    case 'MEMPOOL_FULL':
    case 'MEMPOOL_CELL_FULL':
    case 'BUSY':
      return { status: 429, code: info.code, message };
    case 'CHANGES_UNKNOWN':
      return { status: 410, code: info.code, message };
    case 'REQUEST_INVALID':
      return { status: 400, code: info.code, message };
    case 'CLOSED':
      return { status: 503, code: 'NODE_STOPPING', message: 'this node is stopping: ask another one' };
    case 'STORE_FAILED':
      return { status: 503, code: 'NODE_FAILED', message: 'this node cannot write its database: ask another one' };
    default:
      return { status: 500, code: 'INTERNAL', message: 'something failed in this node: its log says what' };
  }
}

/** What ties an answer to the chain: the header of its state, and what makes it final. */
export function anchorJson({ header, finality }: FinalizedView): { header: string; finality: string | null } {
  return { header: toHex(encodeHeader(header)), finality: finality ? toHex(finality) : null };
}

/** 32 bytes of a path or query parameter. @throws {LedgerError} `REQUEST_INVALID` */
export function idParameter(value: unknown, parameter: string): Uint8Array {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) {
    throw new LedgerError({ code: 'REQUEST_INVALID', parameter }, `${parameter} must be 64 lower-case hex characters`);
  }
  return fromHex(value);
}

/** A whole number of a path or query parameter. @throws {LedgerError} `REQUEST_INVALID` */
export function numberParameter(
  value: unknown,
  parameter: string,
  range: { readonly min: number; readonly max: number; readonly fallback?: number },
): number {
  if (value === undefined && range.fallback !== undefined) return range.fallback;
  const number = typeof value === 'string' && /^(0|[1-9][0-9]{0,15})$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= range.min && number <= range.max)) {
    throw new LedgerError(
      { code: 'REQUEST_INVALID', parameter },
      `${parameter} must be a whole number from ${range.min} to ${range.max}`,
    );
  }
  return number;
}

/** `proof=1` or `proof=0` or nothing. @throws {LedgerError} `REQUEST_INVALID` */
export function proofParameter(value: unknown): boolean {
  if (value === undefined || value === '0') return false;
  if (value === '1') return true;
  throw new LedgerError({ code: 'REQUEST_INVALID', parameter: 'proof' }, 'proof must be 0 or 1');
}
