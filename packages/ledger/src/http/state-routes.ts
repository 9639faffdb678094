/** Parts of the newest finalized state, for readers who do not name what they look for. Spec: docs/spec/node-api.md, section 4. */
import { BUCKET_NIBBLES_MAX, type Bucket, ChainError, encodeCellProof, proveBucket } from '@radledger/chain';
import { toHex } from '@radledger/primitives';
import { type Response, Router } from 'express';
import type { Ledger } from '../contract.js';
import { LedgerError } from '../errors.js';
import { anchorJson, replyError } from './replies.js';

const BUCKET_CELLS_MAX = 4_096;
const PREFIXES_MAX = 16;

export function stateRoutes(ledger: Ledger): Router {
  const router = Router();

  router.get('/state/buckets{/:prefix}', async (req, res) => {
    const prefix = prefixParameter(req.params.prefix ?? '', 'prefix');
    await answerUnlessTooLarge(res, () =>
      ledger.read(async (view) => {
        const { cells, proof } = await proveBucket(view.state, prefix, { cellsMax: BUCKET_CELLS_MAX });
        const path = toHex(encodeCellProof(proof));
        return { height: view.height, prefix, cells: cellsJson(cells), proof: { ...anchorJson(view), path } };
      }),
    );
  });

  router.get('/state', async (req, res) => {
    const prefixes = prefixesParameter(req.query.prefixes);
    await answerUnlessTooLarge(res, () =>
      ledger.read(async (view) => {
        const parts = [];
        let room = BUCKET_CELLS_MAX;
        for (const prefix of prefixes) {
          const { cells, proof } = await proveBucket(view.state, prefix, { cellsMax: room });
          room -= cells.length;
          parts.push({ prefix, cells: cellsJson(cells), path: toHex(encodeCellProof(proof)) });
        }
        return { height: view.height, ...anchorJson(view), parts };
      }),
    );
  });
  return router;
}

async function answerUnlessTooLarge(res: Response, read: () => Promise<object>): Promise<void> {
  try {
    res.json(await read());
  } catch (error) {
    if (!(error instanceof ChainError) || error.code !== 'BUCKET_TOO_LARGE') throw error;
    const message = `more than ${BUCKET_CELLS_MAX} cells: ask with longer prefixes`;
    replyError(res, 413, 'BUCKET_TOO_LARGE', message);
  }
}

function cellsJson(cells: Bucket['cells']): { readonly name: string; readonly value: string }[] {
  return cells.map(({ name, value }) => ({ name: toHex(name), value: toHex(value) }));
}

function prefixParameter(value: string, parameter: string): string {
  if (/^[0-9a-f]*$/.test(value) && value.length <= BUCKET_NIBBLES_MAX) return value;
  const message = `${parameter} must be 0 to ${BUCKET_NIBBLES_MAX} lower-case hex digits`;
  throw new LedgerError({ code: 'REQUEST_INVALID', parameter }, message);
}

function prefixesParameter(value: unknown): readonly string[] {
  const prefixes = typeof value === 'string' ? value.split(',') : [];
  if (prefixes.length === 0 || prefixes.length > PREFIXES_MAX || new Set(prefixes).size !== prefixes.length) {
    const message = `prefixes must be 1 to ${PREFIXES_MAX} that differ, separated by commas`;
    throw new LedgerError({ code: 'REQUEST_INVALID', parameter: 'prefixes' }, message);
  }
  return prefixes.map((prefix) => prefixParameter(prefix, 'prefixes'));
}
