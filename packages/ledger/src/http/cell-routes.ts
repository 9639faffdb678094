/** Cells of the newest finalized state, with proofs on request. Spec: docs/spec/node-api.md, section 4. */
import {
  type CellProof,
  cellKey,
  cellPrefix,
  decodeGrantCell,
  decodeKeyCell,
  decodeMisconductCell,
  decodeOwnerCell,
  decodeSourceCell,
  decodeStudyCell,
  encodeCellProof,
  grantToJson,
  misconductOfCellName,
  misconductToJson,
  ownerToJson,
  proveCell,
  sourceOfCellName,
  sourceToJson,
  studyToJson,
} from '@radledger/chain';
import { fromHex, toHex } from '@radledger/primitives';
import { type Request, type Response, Router } from 'express';
import type { FinalizedView, Ledger } from '../contract.js';
import { type ApiCode, anchorJson, idParameter, numberParameter, proofParameter, replyError } from './replies.js';

/** Sources of one answer at most: about a megabyte. */
const SOURCES_MAX = 1_000;

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

  router.get('/sources', async (req, res) => {
    const limit = numberParameter(req.query.limit, 'limit', { min: 1, max: SOURCES_MAX, fallback: SOURCES_MAX });
    const after = req.query.after === undefined ? '' : toHex(idParameter(req.query.after, 'after'));
    const { height, cells } = await ledger.read(async (view) => ({
      height: view.height,
      cells: await view.state.scan(cellPrefix.sources),
    }));
    const known = cells.flatMap(([name, value]) => {
      const id = sourceOfCellName(name);
      return id && toHex(id) > after ? [{ id, value }] : [];
    });
    const sources = known.slice(0, limit).map(({ id, value }) => sourceToJson(id, decodeSourceCell(value)));
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

  router.get('/sources/:id/misconduct', async (req, res) => {
    const id = idParameter(req.params.id, 'id');
    const found = await ledger.read(async ({ height, state }) => {
      const cells = await state.scan(cellPrefix.misconductOf(id));
      const misconduct = cells.flatMap(([name, value]) => {
        const at = misconductOfCellName(name);
        return at ? [misconductToJson(at.epoch, decodeMisconductCell(value))] : [];
      });
      const keys = await state.getMany(misconduct.map(({ nodeKey }) => cellKey.key(fromHex(nodeKey))));
      return {
        height,
        misconduct: misconduct.map((entry, index) => ({ ...entry, tombstoned: isTombstoned(keys[index]) })),
      };
    });
    res.json(found);
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

  return router;
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

function isTombstoned(keyCell: Uint8Array | undefined): boolean {
  return keyCell !== undefined && decodeKeyCell(keyCell).tombstoned;
}
