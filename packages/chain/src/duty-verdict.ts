/** What proof of misconduct does to duties. Spec: docs/spec/duties.md, section 5. */
import { equalBytes } from '@radledger/primitives';
import { type DutyCell, type DutyCounts, EMPTY_DUTY_CELL, type PendingView, type ViewsCell } from './duty-cells.js';

const INVALID_EPOCHS_KEPT = 8;

/** What evidence proved of a source in one view. Whether the evidence holds was judged before. */
export interface DutyVerdict {
  /** `LATE`: the view has a notarization, so its leader was late, not missing. */
  readonly class: 'EQUIVOCATED' | 'INVALID' | 'LATE';
  /** Leader of the view, or for `EQUIVOCATED` whoever signed two votes of it. */
  readonly source: Uint8Array;
  readonly epoch: number;
  readonly view: number;
}

/** The two cells that a verdict may change: `views`, and `duty/<source>` of the verdict's source. */
export interface VerdictCells {
  readonly views: ViewsCell;
  readonly duty: DutyCell | undefined;
}

/**
 * Charges a source with what was proved. While the view waits for its grace to pass, `LATE` and `INVALID` decide its class.
 * After that `LATE` changes nothing, and `INVALID` is charged besides: a view keeps the class it has. An invalid block is
 * charged once for a source and epoch. `EQUIVOCATED` is always charged besides: it says nothing about a block that is
 * missing. The tombstone on the node key (`key/<node key>`) is the caller's to set.
 * @param epoch - epoch of the block that holds the evidence
 * @returns the cells as they must be written; the very `duty` given when nothing changes in it
 */
export function applyVerdict(verdict: DutyVerdict, cells: VerdictCells, epoch: number): VerdictCells {
  if (verdict.class === 'INVALID' && isInvalidCharged(cells.duty, verdict.epoch)) return cells;
  const waiting =
    verdict.class === 'EQUIVOCATED' ? undefined : cells.views.pending.find((pending) => isAbout(pending, verdict));
  if (verdict.class === 'LATE' && waiting === undefined) return cells;
  const duty = countDuty(cells.duty ?? EMPTY_DUTY_CELL, { counter: COUNTERS[verdict.class], epoch: verdict.epoch });
  const views: ViewsCell =
    waiting === undefined
      ? { ...cells.views, charged: cells.views.charged + 1 }
      : {
          ...cells.views,
          pending: cells.views.pending.filter((pending) => pending !== waiting),
          settled: cells.views.settled + 1,
        };
  return { views, duty: verdict.class === 'EQUIVOCATED' ? { ...duty, tombstonedEpoch: epoch } : duty };
}

/**
 * The duty cell with one more view, or verdict about a view, in the open epoch. An invalid block marks the view's epoch; a
 * further one of that epoch is charged no more: its view is missed.
 */
export function countDuty(
  duty: DutyCell,
  { counter: named, epoch }: { readonly counter: keyof DutyCounts; readonly epoch: number },
): DutyCell {
  const counter = named === 'invalid' && isInvalidCharged(duty, epoch) ? 'missed' : named;
  const open = { ...duty.open, [counter]: duty.open[counter] + 1 };
  if (counter !== 'invalid') return { ...duty, open };
  return { ...duty, open, invalidEpochs: [...duty.invalidEpochs, epoch].slice(-INVALID_EPOCHS_KEPT) };
}

const COUNTERS = { EQUIVOCATED: 'equivocated', INVALID: 'invalid', LATE: 'late' } as const;

function isAbout(pending: PendingView, { epoch, view, source }: DutyVerdict): boolean {
  return pending.epoch === epoch && pending.view === view && equalBytes(pending.source, source);
}

function isInvalidCharged(duty: DutyCell | undefined, epoch: number): boolean {
  return duty?.invalidEpochs.includes(epoch) ?? false;
}
