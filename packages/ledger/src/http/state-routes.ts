/** Parts of the newest finalized state, for readers who do not name what they look for. Spec: docs/spec/node-api.md, section 4. */
import {
  BUCKET_NIBBLES_MAX,
  type Bucket,
  type BucketCell,
  ChainError,
  encodeCellProof,
  hashedKeyOf,
  proveBucket,
} from '@radledger/chain';
import { toHex } from '@radledger/primitives';
import { type Response, Router } from 'express';
import type { Ledger } from '../contract.js';
import { LedgerError } from '../errors.js';
import { anchorJson, numberParameter, replyError } from './replies.js';

const BUCKET_CELLS_MAX = 4_096;
const PREFIXES_MAX = 16;
const PLACE_BYTES = 4;

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
    const since = req.query.since === undefined ? undefined : heightParameter(req.query.since);
    await answerUnlessTooLarge(res, () =>
      ledger.read(async (view) => {
        const changed = since === undefined ? undefined : await ledger.changedPlaces({ after: since, to: view.height });
        if (since !== undefined && !changed) {
          throw new LedgerError(
            { code: 'CHANGES_UNKNOWN' },
            'this node does not know what changed since: leave since out',
          );
        }
        const parts = [];
        let room = BUCKET_CELLS_MAX;
        for (const prefix of prefixes) {
          const { cells, proof } = await proveBucket(view.state, prefix, { cellsMax: room });
          room -= cells.length;
          const content = changed ? { changed: changesJson(cells, prefix, changed) } : { cells: cellsJson(cells) };
          parts.push({ prefix, ...content, path: toHex(encodeCellProof(proof)) });
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

/** Each place that changed, with all cells that hang there now: none when they are gone. */
function changesJson(cells: Bucket['cells'], prefix: string, changed: ReadonlySet<string>) {
  const byPlace = new Map<string, BucketCell[]>();
  for (const place of changed) if (place.startsWith(prefix)) byPlace.set(place, []);
  for (const cell of cells) byPlace.get(toHex(hashedKeyOf(cell.name).subarray(0, PLACE_BYTES)))?.push(cell);
  return [...byPlace].map(([place, there]) => ({ place, cells: cellsJson(there) }));
}

function heightParameter(value: unknown): number {
  return numberParameter(value, 'since', { min: 0, max: Number.MAX_SAFE_INTEGER });
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
