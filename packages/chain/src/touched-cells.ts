/** The cells a transaction reads and writes, named before it runs (D8). Spec: docs/spec/state.md, section 8. */
import type { Transaction } from '@radledger/transactions';
import { cellKey } from './cell-names.js';
import { epochOfHeight } from './epochs.js';
import { type CellRef, cellRef } from './working-cells.js';

/** Every cell that a transaction may touch in a block of this height; the fields that its kind has no use for are absent. */
export interface TouchedCells {
  readonly source: CellRef;
  readonly study?: CellRef;
  readonly grant?: CellRef;
  /** `owner/<key>` of a new owner or delegate. */
  readonly owner?: CellRef;
  /** `key/<key>` of the source id, node key and VRF key, or of the one new key. */
  readonly keys?: readonly CellRef[];
  /** `authority/<key>` of who attests. */
  readonly authority?: CellRef;
  /** `attested/<source>`. */
  readonly attested?: CellRef;
  /** `stake/<source>/<epoch of this height>`. */
  readonly stake?: CellRef;
  /** `epoch/<epoch>` and `misconduct/<source>/<epoch>` of a report. */
  readonly epoch?: CellRef;
  readonly misconduct?: CellRef;
  /** `duty/<source>` and `views`: what a report is charged to, and whom a Resume wakes. */
  readonly duty?: CellRef;
  readonly views?: CellRef;
}

export function touchedCellsOf(transaction: Transaction, height: number, epochHeights: number): TouchedCells {
  const source = cellRef(cellKey.source(transaction.payload.source));
  const stake = (): CellRef => cellRef(cellKey.stake(transaction.payload.source, epochOfHeight(height, epochHeights)));
  switch (transaction.kind) {
    case 'define-source': {
      const { source: id, nodeKey, vrfKey, admission } = transaction.payload;
      const keys = [id, nodeKey, vrfKey].map((key) => cellRef(cellKey.key(key)));
      const attested = cellRef(cellKey.attested(id));
      if (admission?.kind !== 'attestation') return { source, keys, attested };
      return { source, keys, attested, authority: cellRef(cellKey.authority(admission.authority)) };
    }
    case 'move-source':
      return { source };
    case 'rotate-key':
      return { source, keys: [cellRef(cellKey.key(transaction.payload.newKey))] };
    case 'define-study':
      return { source, study: studyOf(transaction), owner: ownerOf(transaction.payload.owner), stake: stake() };
    case 'amend-study':
      return { source, study: studyOf(transaction) };
    case 'retire-study':
      return { source, study: studyOf(transaction), stake: stake() };
    case 'allow-access':
    case 'revoke-access': {
      const { source: id, studyId, tag } = transaction.payload;
      return { source, study: studyOf(transaction), grant: cellRef(cellKey.grant(id, studyId, tag)) };
    }
    case 'set-delegate': {
      const { delegate } = transaction.payload;
      const study = studyOf(transaction);
      return delegate === undefined ? { source, study } : { source, study, owner: ownerOf(delegate.key) };
    }
    case 'attest': {
      const authority = cellRef(cellKey.authority(transaction.signer));
      return { source, authority, attested: cellRef(cellKey.attested(transaction.payload.source)) };
    }
    case 'move-owner':
      return { source, study: studyOf(transaction), owner: ownerOf(transaction.payload.newOwner) };
    case 'resume':
      return { source, duty: cellRef(cellKey.duty(transaction.payload.source)) };
    case 'report-misconduct': {
      const { source: accused, nodeKey, epoch } = transaction.payload;
      return {
        source,
        keys: [cellRef(cellKey.key(nodeKey))],
        epoch: cellRef(cellKey.epoch(epoch)),
        misconduct: cellRef(cellKey.misconduct(accused, epoch)),
        duty: cellRef(cellKey.duty(accused)),
        views: cellRef(cellKey.views),
      };
    }
  }
}

/** The references as one list, for one `getMany`. */
export function refsOf({ source, keys = [], ...others }: TouchedCells): readonly CellRef[] {
  const { study, grant, owner, stake, authority, attested, epoch, misconduct, duty, views } = others;
  return [source, study, grant, owner, stake, authority, attested, epoch, misconduct, duty, views, ...keys].filter(
    (ref) => ref !== undefined,
  );
}

/**
 * Names of every cell that a transaction may read or write in a block of this height. One more, the stake cell of the
 * epoch in which the study was defined, is read for a Retire Study once its study is known.
 */
export function cellsOf(transaction: Transaction, height: number, epochHeights: number): readonly Uint8Array[] {
  return refsOf(touchedCellsOf(transaction, height, epochHeights)).map(({ name }) => name);
}

function studyOf({ payload }: { payload: { source: Uint8Array; studyId: Uint8Array } }): CellRef {
  return cellRef(cellKey.study(payload.source, payload.studyId));
}

function ownerOf(key: Uint8Array): CellRef {
  return cellRef(cellKey.owner(key));
}
