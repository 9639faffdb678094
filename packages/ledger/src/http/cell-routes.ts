/** Cells of the newest finalized state, with proofs on request. Spec: docs/spec/node-api.md, section 4. */
import {
  BUCKET_NIBBLES_MAX,
  type CellProof,
  ChainError,
  cellKey,
  cellPrefix,
  decodeGrantCell,
  decodeOwnerCell,
  decodeSourceCell,
  decodeStudyCell,
  encodeCellProof,
  encodeHeader,
  grantToJson,
  ownerToJson,
  proveBucket,
  proveCell,
  sourceOfCellName,
  sourceToJson,
  studyToJson,
} from '@radledger/chain';
import { toHex } from '@radledger/primitives';
import { type Request, type Response, Router } from 'express';
import type { FinalizedView, Ledger } from '../contract.js';
import { LedgerError } from '../errors.js';
import { type ApiCode, idParameter, proofParameter, replyError } from './replies.js';

const BUCKET_CELLS_MAX = 4_096;

interface CellAnswer {
  readonly name: Uint8Array;
  /** JSON of a present cell. */
  readonly json: (value: Uint8Array) => object;
  readonly absent: { readonly code: ApiCode; readonly message: string };
}

export function cellRoutes(ledger: Ledger): Router {
  const router = Router();

  async function answer(req: Request, res: Response, { name, json, absent }: CellAnswer): Promise<void> {
    const wantsProof = proofParameter(req.query.proof);
    const { height, value, proof } = await ledger.read(async (view) => {
      const [cell] = await view.state.getMany([name]);
      return { height: view.height, value: cell, proof: wantsProof ? await proofJson(view, name, cell) : undefined };
    });
    if (value) res.json({ height, ...json(value), ...(proof && { proof }) });
    else replyError(res, 404, absent.code, absent.message, { height, ...(proof && { proof }) });
  }

  router.get('/sources', async (_req, res) => {
    const { height, cells } = await ledger.read(async (view) => ({
      height: view.height,
      cells: await view.state.scan(cellPrefix.sources),
    }));
    const sources = cells.flatMap(([name, value]) => {
      const id = sourceOfCellName(name);
      return id ? [sourceToJson(id, decodeSourceCell(value))] : [];
    });
    res.json({ height, sources });
  });

  router.get('/sources/:id', (req, res) => {
    const id = idParameter(req.params.id, 'id');
    return answer(req, res, {
      name: cellKey.source(id),
      json: (value) => ({ source: sourceToJson(id, decodeSourceCell(value)) }),
      absent: { code: 'SOURCE_UNKNOWN', message: 'no source has this id' },
    });
  });

  router.get('/studies/:source/:studyId', (req, res) => {
    const source = idParameter(req.params.source, 'source');
    const studyId = idParameter(req.params.studyId, 'studyId');
    return answer(req, res, {
      name: cellKey.study(source, studyId),
      json: (value) => ({ study: studyToJson({ source, studyId }, decodeStudyCell(value)) }),
      absent: { code: 'STUDY_UNKNOWN', message: 'this source has no such study' },
    });
  });

  router.get('/grants/:source/:studyId/:tag', (req, res) => {
    const source = idParameter(req.params.source, 'source');
    const studyId = idParameter(req.params.studyId, 'studyId');
    const tag = idParameter(req.params.tag, 'tag');
    return answer(req, res, {
      name: cellKey.grant(source, studyId, tag),
      json: (value) => ({ grant: grantToJson({ source, studyId, tag }, decodeGrantCell(value)) }),
      absent: { code: 'GRANT_UNKNOWN', message: 'nothing was ever allowed or revoked under this tag' },
    });
  });

  router.get('/owners/:key', (req, res) => {
    const key = idParameter(req.params.key, 'key');
    return answer(req, res, {
      name: cellKey.owner(key),
      json: (value) => ownerToJson(key, decodeOwnerCell(value)),
      absent: { code: 'OWNER_UNKNOWN', message: 'this key owns no study and is no delegate' },
    });
  });

  router.get('/state/buckets{/:prefix}', async (req, res) => {
    const prefix = req.params.prefix ?? '';
    if (!/^[0-9a-f]*$/.test(prefix) || prefix.length > BUCKET_NIBBLES_MAX) {
      throw new LedgerError(
        { code: 'REQUEST_INVALID', parameter: 'prefix' },
        `prefix must be 0 to ${BUCKET_NIBBLES_MAX} lower-case hex digits`,
      );
    }
    try {
      const body = await ledger.read(async (view) => {
        const { cells, proof } = await proveBucket(view.state, prefix, { cellsMax: BUCKET_CELLS_MAX });
        return {
          height: view.height,
          prefix,
          cells: cells.map(({ name, value }) => ({ name: toHex(name), value: toHex(value) })),
          proof: { ...anchorJson(view), path: toHex(encodeCellProof(proof)) },
        };
      });
      res.json(body);
    } catch (error) {
      if (!(error instanceof ChainError) || error.code !== 'BUCKET_TOO_LARGE') throw error;
      const message = `this bucket has more than ${BUCKET_CELLS_MAX} cells: ask with a longer prefix`;
      replyError(res, 413, 'BUCKET_TOO_LARGE', message);
    }
  });
  return router;
}

function anchorJson({ header, finality }: FinalizedView): { header: string; finality: string | null } {
  return { header: toHex(encodeHeader(header)), finality: finality ? toHex(finality) : null };
}

async function proofJson(view: FinalizedView, name: Uint8Array, value: Uint8Array | undefined) {
  const proof: CellProof = await proveCell(view.state, name);
  return {
    ...anchorJson(view),
    name: toHex(name),
    value: value ? toHex(value) : null,
    path: toHex(encodeCellProof(proof)),
  };
}
