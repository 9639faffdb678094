/** One block in the making or under test: cells, context, and what happens to them in order. Spec: docs/spec/blocks.md, section 4. */
import { equalBytes, toHex } from '@radledger/primitives';
import type { SignedTransaction } from '@radledger/transactions';
import { CELL_CODECS } from './cell-codecs.js';
import { cellKey, cellPrefix, sourceOfCellName } from './cell-names.js';
import type { AttestedCell, EpochCell, ParamsCell } from './cells.js';
import type { DutyEvent } from './duty-event.js';
import { type ClosingBlock, closeViews, loadDuties, saveDuties, type Unreadable } from './duty-run.js';
import { epochOfHeight, firstHeightOfEpoch, isBoundaryHeight } from './epochs.js';
import { ChainError } from './errors.js';
import { noPause, type Pause, type RecentBlocks } from './execution-input.js';
import type { SealedPosition } from './header.js';
import { judgeOffence } from './offence.js';
import type { ChainRules, RulesContext, SourceEntry } from './rules.js';
import type { StateReader, WriteSet } from './state-reader.js';
import { foldStake } from './stake-window.js';
import { type TouchedCells, refsOf, touchedCellsOf } from './touched-cells.js';
import type { Refusal } from './refusal.js';
import { applyTransaction, stakeCellOfStudy, type TransitionContext } from './transition.js';
import { updateTree } from './tree/update.js';
import { type CellCodec, type CellRef, cellRef, WorkingCells } from './working-cells.js';

/** Transactions that run between two pauses: this bounds how long the state transition keeps other work waiting. */
const SLICE = 64;

const PARAMS = cellRef(cellKey.params);
const SEED = cellRef(cellKey.seed);

export interface RunInput {
  readonly chainId: Uint8Array;
  readonly state: StateReader;
  readonly recent: RecentBlocks;
  readonly height: number;
  readonly timestampMs: number;
  readonly rules: Pick<ChainRules, 'evidence'>;
  readonly pause?: Pause;
}

/** A run over a state, with policies and parameters read from it. @throws {ChainError} `STATE_BROKEN` */
export async function openRun(input: RunInput): Promise<BlockRun> {
  const cells = new WorkingCells(input.state);
  await cells.load([PARAMS, SEED]);
  const params = cells.get(PARAMS, CELL_CODECS.params);
  if (params === undefined)
    throw new ChainError({ code: 'STATE_BROKEN', cell: 'params' }, 'expected a state made from a genesis');
  return new BlockRun(input, cells, params);
}

/** What a finished run leaves: write set, what was seen of leaders, and the duty root of its header. */
export interface Finished {
  readonly writeSet: WriteSet;
  readonly duties: readonly DutyEvent[];
  readonly dutyRoot: Uint8Array;
}

export class BlockRun {
  readonly context: TransitionContext;
  readonly pause: Pause;

  constructor(
    private readonly input: RunInput,
    private readonly cells: WorkingCells,
    params: ParamsCell,
  ) {
    const { chainId, recent, height, timestampMs, rules } = input;
    this.pause = input.pause ?? noPause;
    const known = { chainId, ...params };
    this.context = {
      ...known,
      recent,
      height,
      timestampMs,
      judgeEvidence: (evidence, epoch) =>
        rules.evidence.judge({
          ...known,
          evidence,
          epoch,
          judgeOffence: (header, offence) => judgeOffence(header, offence, known),
        }),
    };
  }

  /**
   * Applies transactions in the order given. A refused one changes nothing; `onRefused` says whether to go on.
   */
  async apply(
    transactions: readonly SignedTransaction[],
    onRefused: (index: number, refusal: Refusal) => boolean,
  ): Promise<void> {
    const { height, parameters } = this.context;
    for (let start = 0; start < transactions.length; start += SLICE) {
      if (start > 0) await this.pause();
      const slice = transactions.slice(start, start + SLICE);
      const touched = slice.map(({ transaction }) => touchedCellsOf(transaction, height, parameters.epochHeights));
      await this.cells.load(touched.flatMap(refsOf));
      await this.cells.load(this.stakesOfRetired(slice, touched));
      for (const [at, transaction] of slice.entries()) {
        const refusal = applyTransaction(transaction, touched[at] as TouchedCells, this.cells, this.context);
        if (refusal !== undefined && !onRefused(start + at, refusal)) return;
        if (transaction.transaction.kind === 'report-misconduct') await this.pause();
      }
    }
  }

  /** Judges a transaction as if it came first in this block. */
  async check(transaction: SignedTransaction): Promise<Refusal | undefined> {
    let refused: Refusal | undefined;
    await this.apply([transaction], (_index, refusal) => {
      refused = refusal;
      return false;
    });
    return refused;
  }

  /** Seed, views, epoch boundary and tree: what follows the transactions. */
  async finish(rules: ChainRules, block: ClosingBlock): Promise<Finished | Unreadable> {
    await this.accumulateSeed(rules, block.position);
    const duties = await closeViews(rules, this.rulesContext(), this.cells, block);
    if ('unreadable' in duties) return duties;
    const isBoundary = isBoundaryHeight(this.context.height, this.context.parameters.epochHeights);
    const dutyRoot = isBoundary ? await this.closeEpoch(rules) : block.parent.dutyRoot;
    return { writeSet: await commitCells(this.input.state, this.cells, this.pause), duties, dutyRoot };
  }

  /** Retire Study alone touches a cell that depends on another: the stake of the epoch its study was defined in. */
  private stakesOfRetired(slice: readonly SignedTransaction[], touched: readonly TouchedCells[]): CellRef[] {
    return slice.flatMap(({ transaction }, at) => {
      if (transaction.kind !== 'retire-study') return [];
      const study = this.cells.get((touched[at] as TouchedCells).study as CellRef, CELL_CODECS.study);
      if (study === undefined) return [];
      return [stakeCellOfStudy(transaction.payload.source, study, this.context.parameters.epochHeights)];
    });
  }

  private async accumulateSeed(rules: ChainRules, position: SealedPosition): Promise<void> {
    const runningSeed = this.runningSeed();
    const { height, parameters } = this.context;
    const seed = rules.accumulateSeed({
      ...this.rulesContext(),
      epoch: epochOfHeight(height, parameters.epochHeights),
      height,
      randomness: rules.randomnessOf(position),
      runningSeed,
    });
    if (!equalBytes(seed, runningSeed)) this.cells.set(SEED, CELL_CODECS.seed, { seed });
  }

  /** @returns the duty root of the closed epoch */
  private async closeEpoch(rules: ChainRules): Promise<Uint8Array> {
    const { height, parameters } = this.context;
    const windowEpochs = parameters.dutyWindowEpochs;
    const epoch = epochOfHeight(height, parameters.epochHeights);
    const after = epoch + 2 + rules.seedLag;
    const [currentRef, nextRef, afterRef] = [epoch, after - 1, after].map((n) => cellRef(cellKey.epoch(n))) as [
      CellRef,
      CellRef,
      CellRef,
    ];
    await this.cells.load([currentRef, nextRef, afterRef]);
    const next = this.epochCell(nextRef);
    const sources = await this.withTombstones(await foldStake(this.cells, this.context, epoch));
    const counted = await this.entriesOf(cellPrefix.counted, CELL_CODECS.counted);
    const attested = await this.entriesOf(cellPrefix.attested, CELL_CODECS.attested);
    const closed = rules.closeEpoch({
      ...this.rulesContext(),
      epoch,
      height,
      sources,
      counted,
      attested,
      runningSeed: this.runningSeed(),
      current: this.epochCell(currentRef),
      next,
      ...(await loadDuties(this.cells, { epoch, windowEpochs })),
    });
    await this.forgetAdmissions(sources, attested);
    this.cells.set(SEED, CELL_CODECS.seed, { seed: closed.runningSeed });
    this.cells.set(nextRef, CELL_CODECS.epoch, { ...next, members: closed.nextMembers, seed: closed.seed });
    this.cells.set(afterRef, CELL_CODECS.epoch, {
      epoch: after,
      firstHeight: firstHeightOfEpoch(after, parameters.epochHeights),
      members: closed.members,
      seed: undefined,
    });
    const remembered = closed.counted.map(({ source, cell }) => ({ ref: cellRef(cellKey.counted(source)), cell }));
    await this.cells.load(remembered.map(({ ref }) => ref));
    for (const { ref, cell } of remembered) this.cells.set(ref, CELL_CODECS.counted, cell);
    return saveDuties(this.cells, { epoch, after, windowEpochs }, closed, this.pause);
  }

  /** What authorities said of ids that did not become sources while they might. */
  private async forgetAdmissions(
    sources: readonly SourceEntry[],
    attested: readonly { readonly source: Uint8Array; readonly cell: AttestedCell }[],
  ): Promise<void> {
    const known = new Set(sources.map(({ source }) => toHex(source)));
    const refs = attested
      .filter(({ source, cell }) => !known.has(toHex(source)) && cell.admitUntilHeight < this.context.height)
      .map(({ source }) => cellRef(cellKey.attested(source)));
    await this.cells.load(refs);
    for (const ref of refs) this.cells.set(ref, CELL_CODECS.attested, undefined);
  }

  private async withTombstones(sources: readonly SourceEntry[]): Promise<readonly SourceEntry[]> {
    const keys = sources.map(({ cell: { nodeKey } }) => cellRef(cellKey.key(nodeKey)));
    await this.cells.load(keys);
    return sources.map((entry, index) => {
      const key = this.cells.get(keys[index] as CellRef, CELL_CODECS.key);
      return key?.tombstoned ? { ...entry, tombstoned: true } : entry;
    });
  }

  /** All cells of one kind that sources have one of, in the order of source ids. */
  private async entriesOf<T>(prefix: Uint8Array, codec: CellCodec<T>): Promise<{ source: Uint8Array; cell: T }[]> {
    const found = await this.cells.scan(prefix, codec);
    return found.map(([name, cell]) => ({ source: sourceOfCellName(name) as Uint8Array, cell }));
  }

  private rulesContext(): RulesContext {
    const { chainId, parameters, policies } = this.context;
    return { chainId, parameters, policies };
  }

  private runningSeed(): Uint8Array {
    const cell = this.cells.get(SEED, CELL_CODECS.seed);
    if (cell === undefined) throw new ChainError({ code: 'STATE_BROKEN', cell: 'seed' }, 'expected a running seed');
    return cell.seed;
  }

  private epochCell(ref: CellRef): EpochCell {
    const cell = this.cells.get(ref, CELL_CODECS.epoch);
    if (cell === undefined) throw new ChainError({ code: 'STATE_BROKEN', cell: 'epoch' }, 'expected the open epochs');
    return cell;
  }
}

/** The write set of all cells written so far. */
export async function commitCells(state: StateReader, cells: WorkingCells, pause: Pause): Promise<WriteSet> {
  const encoded = new Map<string, Uint8Array | undefined>();
  const { root, nodes } = await updateTree(state, cells.changes(encoded), { pause });
  return { cells: encoded, nodes, stateRoot: root };
}
