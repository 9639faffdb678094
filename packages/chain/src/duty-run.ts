/** What a block does to the duty ledger: views are closed in every block, accounts at a boundary. Spec: docs/spec/duties.md. */
import { CodedError } from '@radledger/primitives';
import { CELL_CODECS } from './cell-codecs.js';
import { cellKey, cellPrefix, sourceOfCellName } from './cell-names.js';
import type { EpochCell } from './cells.js';
import {
  type AbsentCell,
  type DutiesCell,
  EMPTY_DUTY_CELL,
  EMPTY_VIEWS_CELL,
  encodeDutyLeaf,
  type ViewsCell,
} from './duty-cells.js';
import type { DutyEvent } from './duty-event.js';
import { countDuty } from './duty-verdict.js';
import { epochOfHeight } from './epochs.js';
import { ChainError } from './errors.js';
import type { Pause } from './execution-input.js';
import type { Header, SealedPosition } from './header.js';
import { merkleRootInSlices } from './merkle.js';
import type { ChainRules, CloseEpochInput, CloseEpochResult, RulesContext } from './rules.js';
import { type CellRef, cellRef, type WorkingCells } from './working-cells.js';

const VIEWS = cellRef(cellKey.views);

/** The parts of a block that say which views it closes, and its parent. */
export interface ClosingBlock {
  readonly position: SealedPosition;
  readonly justification: Uint8Array;
  readonly parent: Header;
}

/** What the module threw about the justification. */
export interface Unreadable {
  readonly unreadable: Error;
}

/** Counts the views that a block closes. */
export async function closeViews(
  rules: ChainRules,
  context: RulesContext,
  cells: WorkingCells,
  block: ClosingBlock,
): Promise<readonly DutyEvent[] | Unreadable> {
  const { position, justification } = block;
  const epoch = epochOfHeight(position.height, context.parameters.epochHeights);
  const [currentRef, previousRef] = [cellRef(cellKey.epoch(epoch)), cellRef(cellKey.epoch(Math.max(0, epoch - 1)))];
  await cells.load([VIEWS, currentRef, previousRef]);
  const current = cells.get(currentRef, CELL_CODECS.epoch);
  if (current === undefined) throw new ChainError({ code: 'STATE_BROKEN', cell: 'epoch' }, 'expected the open epoch');
  const previous: EpochCell | undefined = epoch === 0 ? undefined : cells.get(previousRef, CELL_CODECS.epoch);
  let closed: ReturnType<ChainRules['closeViews']>;
  try {
    closed = rules.closeViews({ ...context, position, justification, current, previous, views: viewsOf(cells) });
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return { unreadable: error };
  }
  cells.set(VIEWS, CELL_CODECS.views, closed.views);
  const refs = closed.settled.map(({ source }) => cellRef(cellKey.duty(source)));
  await cells.load(refs);
  for (const [index, settled] of closed.settled.entries()) {
    const ref = refs[index] as CellRef;
    cells.set(ref, CELL_CODECS.duty, countDuty(cells.get(ref, CELL_CODECS.duty) ?? EMPTY_DUTY_CELL, settled));
  }
  return closed.events;
}

/** What closing an epoch needs to know of duties. */
export async function loadDuties(
  cells: WorkingCells,
  { epoch, windowEpochs }: { readonly epoch: number; readonly windowEpochs: number },
): Promise<Pick<CloseEpochInput, 'views' | 'duties' | 'absent' | 'leaving'>> {
  const absentRef = cellRef(cellKey.absent(epoch));
  const leavingRef = cellRef(cellKey.duties(Math.max(0, epoch - windowEpochs)));
  await cells.load([VIEWS, absentRef, leavingRef]);
  const found = await cells.scan(cellPrefix.duty, CELL_CODECS.duty);
  const duties = found.map(([name, cell]) => ({ source: sourceOfCellName(name) as Uint8Array, cell }));
  return {
    views: viewsOf(cells),
    duties,
    absent: cells.get(absentRef, CELL_CODECS.absent) ?? NOBODY,
    leaving: epoch < windowEpochs ? undefined : cells.get(leavingRef, CELL_CODECS.duties),
  };
}

/** Writes what the rules made of a closed epoch's duties; `after` is the epoch whose members they chose. @returns the duty root of its accounts */
export async function saveDuties(
  cells: WorkingCells,
  { epoch, after, windowEpochs }: { readonly epoch: number; readonly after: number; readonly windowEpochs: number },
  closed: CloseEpochResult,
  pause: Pause,
): Promise<Uint8Array> {
  const refs = closed.duties.map(({ source }) => cellRef(cellKey.duty(source)));
  const accountRef = cellRef(cellKey.duties(epoch));
  const absentRefs = [after - 1, after].map((n) => cellRef(cellKey.absent(n))) as [CellRef, CellRef];
  await cells.load([...refs, accountRef, ...absentRefs]);
  for (const [index, { cell }] of closed.duties.entries()) cells.set(refs[index] as CellRef, CELL_CODECS.duty, cell);
  cells.set(VIEWS, CELL_CODECS.views, closed.views);
  cells.set(accountRef, CELL_CODECS.duties, closed.account);
  if (closed.nextAbsent !== undefined) setAbsent(cells, absentRefs[0], closed.nextAbsent);
  setAbsent(cells, absentRefs[1], closed.absent);
  if (epoch >= windowEpochs) {
    const left = epoch - windowEpochs;
    const [dutiesRef, absentRef] = [cellRef(cellKey.duties(left)), cellRef(cellKey.absent(left))];
    await cells.load([dutiesRef, absentRef]);
    if (cells.get(dutiesRef, CELL_CODECS.duties)) cells.set(dutiesRef, CELL_CODECS.duties, undefined);
    if (cells.get(absentRef, CELL_CODECS.absent)) cells.set(absentRef, CELL_CODECS.absent, undefined);
  }
  return dutyRootOf(closed.account, pause);
}

/** Merkle root over the leaves of an epoch's accounts: what the headers that follow name. */
export function dutyRootOf({ leaves }: Pick<DutiesCell, 'leaves'>, pause: Pause): Promise<Uint8Array> {
  return merkleRootInSlices(leaves.map(encodeDutyLeaf), pause);
}

const NOBODY: AbsentCell = { sources: [] };

function setAbsent(cells: WorkingCells, ref: CellRef, absent: AbsentCell): void {
  const isStored = cells.get(ref, CELL_CODECS.absent) !== undefined;
  if (absent.sources.length > 0) cells.set(ref, CELL_CODECS.absent, absent);
  else if (isStored) cells.set(ref, CELL_CODECS.absent, undefined);
}

function viewsOf(cells: WorkingCells): ViewsCell {
  return cells.get(VIEWS, CELL_CODECS.views) ?? EMPTY_VIEWS_CELL;
}
