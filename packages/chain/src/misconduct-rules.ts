/** What a Report Misconduct demands of the state and does to it. Spec: docs/spec/evidence.md, section 5. */
import type { PayloadOf } from '@radledger/transactions';
import { CELL_CODECS } from './cell-codecs.js';
import type { EpochCell } from './cells.js';
import { EMPTY_VIEWS_CELL } from './duty-cells.js';
import { applyVerdict, type DutyVerdict, type VerdictCells } from './duty-verdict.js';
import { epochOfHeight } from './epochs.js';
import { accuses, type Judgement } from './evidence.js';
import type { Parameters } from './parameters.js';
import { type Refusal, refuse } from './refusal.js';
import type { TouchedCells } from './touched-cells.js';
import type { CellRef, WorkingCells } from './working-cells.js';

/** Reports that a block may hold: each may rest on a proof that takes milliseconds to check, whatever its size. */
export const REPORTS_PER_BLOCK_MAX = 8;

interface MisconductContext {
  readonly touched: TouchedCells;
  readonly cells: WorkingCells;
  readonly height: number;
  readonly parameters: Parameters;
  readonly judgeEvidence: (evidence: Uint8Array, epoch: EpochCell) => Judgement | undefined;
}

/** Only an epoch that a finalized boundary opened counts: what is still under way proves nothing. */
export function reportMisconduct(
  context: MisconductContext,
  { source, nodeKey, epoch, evidence }: PayloadOf<'report-misconduct'>,
): Refusal | undefined {
  const { touched, cells, height, parameters } = context;
  const { epochHeights, evidenceHeightsMax } = parameters;
  if (epoch > epochOfHeight(height, epochHeights)) return refuse('EVIDENCE_TOO_EARLY', EVIDENCE_TOO_EARLY);
  if ((epoch + 1) * epochHeights + evidenceHeightsMax < height) {
    return refuse('EVIDENCE_TOO_OLD', `expected an epoch that ended at most ${evidenceHeightsMax} heights ago`);
  }
  const epochCell = cells.get(touched.epoch as CellRef, CELL_CODECS.epoch);
  if (epochCell?.seed === undefined) return refuse('EVIDENCE_TOO_EARLY', EVIDENCE_TOO_EARLY);
  const judgement = context.judgeEvidence(evidence, epochCell);
  if (judgement?.epoch !== epoch || !accuses(judgement, { source, nodeKey })) {
    return refuse('EVIDENCE_INVALID', 'expected evidence of what this key of this source did in this epoch');
  }
  const { kind, verdict, view } = judgement;
  if (verdict === 'LATE') {
    const isPending = charge(context, { class: verdict, source, epoch, view });
    return isPending ? undefined : refuse('VIEW_NOT_PENDING', VIEW_NOT_PENDING);
  }
  const misconductRef = touched.misconduct as CellRef;
  const reports = cells.get(misconductRef, CELL_CODECS.misconduct)?.reports ?? [];
  if (reports.some((report) => report.kind === kind)) {
    return refuse('MISCONDUCT_KNOWN', 'expected a source, epoch and kind that no report has named');
  }
  // Further equivocations of a key in an epoch, and an invalid block beside them, are put down and cost nothing more.
  const isCharged = reports.some((report) => report.verdict === verdict || report.verdict === 'EQUIVOCATED');
  if (!isCharged) charge(context, { class: verdict, source, epoch, view });
  const report = { kind, verdict, view, height };
  cells.set(misconductRef, CELL_CODECS.misconduct, { nodeKey, reports: [...reports, report] });
  if (verdict === 'EQUIVOCATED') tombstone(touched, cells);
  return undefined;
}

/** @returns whether the verdict changes what the duty ledger holds of the source */
function charge({ touched, cells, height, parameters }: MisconductContext, verdict: DutyVerdict): boolean {
  const dutyRef = touched.duty as CellRef;
  const viewsRef = touched.views as CellRef;
  const before: VerdictCells = {
    views: cells.get(viewsRef, CELL_CODECS.views) ?? EMPTY_VIEWS_CELL,
    duty: cells.get(dutyRef, CELL_CODECS.duty),
  };
  const after = applyVerdict(verdict, before, epochOfHeight(height, parameters.epochHeights));
  if (after === before) return false;
  cells.set(viewsRef, CELL_CODECS.views, after.views);
  cells.set(dutyRef, CELL_CODECS.duty, after.duty);
  return true;
}

/** The node key may never sign again. Studies, grants and every other key of the source stay what they are. */
function tombstone({ keys = [] }: TouchedCells, cells: WorkingCells): void {
  const ref = keys[0] as CellRef;
  const key = cells.get(ref, CELL_CODECS.key);
  if (key !== undefined) cells.set(ref, CELL_CODECS.key, { ...key, tombstoned: true });
}

const EVIDENCE_TOO_EARLY = 'expected an epoch that has begun on this chain';
const VIEW_NOT_PENDING = 'expected a view that counts as missed and whose grace has not passed';
