/** Finalized blocks and duties. Spec: docs/spec/node-api.md, sections 5 and 6. */
import { BOUNDARIES_MAX, encodeBody, encodeBoundaries, encodeHeader } from '@radledger/chain';
import { toHex } from '@radledger/primitives';
import { Router } from 'express';
import type { HeaderEntry, Ledger } from '../contract.js';
import { numberParameter, replyError } from './replies.js';

const HEIGHT_MAX = Number.MAX_SAFE_INTEGER;

export function blockRoutes(ledger: Ledger): Router {
  const router = Router();

  router.get('/blocks', async (req, res) => {
    const limit = numberParameter(req.query.limit, 'limit', { min: 1, max: 100, fallback: 20 });
    const newest = ledger.status().finalized.height;
    const from = numberParameter(req.query.from, 'from', {
      min: 0,
      max: HEIGHT_MAX,
      fallback: Math.max(0, newest - limit + 1),
    });
    const entries = await ledger.headers({ from, limit });
    res.json({ blocks: entries.map(headerJson) });
  });

  router.get('/blocks/:height', async (req, res) => {
    const height = numberParameter(req.params.height, 'height', { min: 0, max: HEIGHT_MAX });
    const entry = await ledger.block(height);
    const { lowestHeight } = ledger.status();
    if (!entry && height < lowestHeight) {
      replyError(res, 410, 'BLOCK_PRUNED', `this node keeps blocks from height ${lowestHeight} on: ask an archive`);
      return;
    }
    if (!entry) {
      replyError(res, 404, 'BLOCK_UNKNOWN', `no finalized block has this height yet`);
      return;
    }
    res.json({ ...headerJson(entry), body: toHex(encodeBody(entry.block.body)) });
  });

  router.get('/boundaries', async (req, res) => {
    const fromEpoch = numberParameter(req.query.fromEpoch, 'fromEpoch', { min: 0, max: HEIGHT_MAX, fallback: 0 });
    const limit = numberParameter(req.query.limit, 'limit', { min: 1, max: BOUNDARIES_MAX, fallback: BOUNDARIES_MAX });
    const records = await ledger.boundaries({ fromEpoch, limit });
    res.type('application/octet-stream').send(Buffer.from(encodeBoundaries(records)));
  });

  router.get('/duties', async (req, res) => {
    const from = numberParameter(req.query.fromHeight, 'fromHeight', { min: 0, max: HEIGHT_MAX, fallback: 0 });
    const limit = numberParameter(req.query.limit, 'limit', { min: 1, max: 1_000, fallback: 100 });
    const duties = await ledger.duties({ from, limit });
    res.json({
      duties: duties.map((duty) => ({
        height: duty.height,
        epoch: duty.epoch,
        view: duty.view,
        source: toHex(duty.source),
        class: duty.class,
        reasonWeights: duty.reasonWeights.map(String),
        totalWeight: String(duty.totalWeight),
        invalidWeight: String(duty.invalidWeight ?? 0n),
        leaderDeclined: duty.leaderDeclined ?? false,
      })),
    });
  });
  return router;
}

function headerJson({ id, header, finality, transactionIds }: HeaderEntry) {
  return {
    height: header.height,
    id: toHex(id),
    header: toHex(encodeHeader(header)),
    transactions: transactionIds.map(toHex),
    timestampMs: header.timestampMs,
    proposer: toHex(header.proposer),
    finality: finality ? toHex(finality) : null,
  };
}
