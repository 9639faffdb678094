/** Accounts of closed epochs, and single ones with their proof. Spec: docs/spec/node-api.md, section 6. */
import {
  cellKey,
  type DutiesCell,
  type DutyLeaf,
  decodeDutiesCell,
  encodeDutyLeaf,
  encodeHeader,
  proveInclusion,
} from '@radledger/chain';
import { equalBytes, toHex } from '@radledger/primitives';
import { type Response, Router } from 'express';
import type { Ledger } from '../contract.js';
import { idParameter, numberParameter, replyError } from './replies.js';

const EPOCH_MAX = Number.MAX_SAFE_INTEGER / 2_000_000;

export function dutyRoutes(ledger: Ledger): Router {
  const router = Router();

  async function accountsOf(
    epoch: number,
  ): Promise<{ readonly height: number; readonly cell: DutiesCell | undefined }> {
    return ledger.read(async ({ height, state }) => {
      const [value] = await state.getMany([cellKey.duties(epoch)]);
      return { height, cell: value && decodeDutiesCell(value) };
    });
  }

  function unknown(res: Response, height: number): void {
    replyError(res, 404, 'ACCOUNT_UNKNOWN', 'no account of this epoch is kept: it is open, or too long ago', {
      height,
    });
  }

  router.get('/duties/accounts/:epoch', async (req, res) => {
    const { height, cell } = await accountsOf(numberParameter(req.params.epoch, 'epoch', { min: 0, max: EPOCH_MAX }));
    if (cell === undefined) return unknown(res, height);
    res.json({ height, ...cell, leaves: cell.leaves.map(leafJson) });
  });

  router.get('/duties/accounts/:epoch/:source', async (req, res) => {
    const epoch = numberParameter(req.params.epoch, 'epoch', { min: 0, max: EPOCH_MAX });
    const source = idParameter(req.params.source, 'source');
    const { height, cell } = await accountsOf(epoch);
    const index = cell?.leaves.findIndex((leaf) => equalBytes(leaf.source, source)) ?? -1;
    const boundary = (epoch + 1) * ledger.genesis.parameters.epochHeights;
    const [anchor] = index < 0 ? [] : await ledger.headers({ from: boundary, limit: 1 });
    if (cell === undefined || anchor === undefined) return unknown(res, height);
    const leaves = cell.leaves.map(encodeDutyLeaf);
    const { path, size } = proveInclusion(leaves, index);
    res.json({
      height,
      account: leafJson(cell.leaves[index] as DutyLeaf),
      proof: {
        header: toHex(encodeHeader(anchor.header)),
        finality: anchor.finality ? toHex(anchor.finality) : null,
        leaf: toHex(leaves[index] as Uint8Array),
        index,
        size,
        path: path.map(toHex),
      },
    });
  });
  return router;
}

function leafJson({ source, ...numbers }: DutyLeaf) {
  return { source: toHex(source), ...numbers };
}
