/** What the state says of stake and duties at the end of each epoch, held to what it may say: I8, I10, I12, I18. */
import {
  cellKey,
  cellPrefix,
  decodeAbsentCell,
  decodeCountedCell,
  decodeDutiesCell,
  decodeDutyCell,
  decodeEpochCell,
  decodeSourceCell,
  decodeViewsCell,
  type DutyCell,
  type EpochCell,
  type Parameters,
  sourceOfCellName,
  type WindowCounts,
} from '@radledger/chain';
import { debtMilli, reliabilityOf } from '@radledger/consensus';
import { toHex } from '@radledger/primitives';
import type { LedgerStore } from '@radledger/storage';
import { Violation } from '../violation.js';

/** What one boundary leaves for the next to be compared with. */
export interface Closed {
  /** Members of the epoch after the next, by this boundary. */
  readonly chosen: EpochCell['members'];
  /** Milli-studies that the stake policy counted, by source. */
  readonly counted: ReadonlyMap<string, bigint>;
  /** Who was left out of the epoch after the next. */
  readonly absent: ReadonlySet<string>;
}

/** Call when the boundary block of `epoch` is the newest of this store. */
export async function checkAccounts(
  store: LedgerStore,
  parameters: Parameters,
  { epoch, before }: { readonly epoch: number; readonly before: Closed | undefined },
): Promise<Closed> {
  const cells = await read(store, epoch);
  demandSums(cells);
  for (const [source, cell] of cells.duties) demandMonotone(source, cell);
  demandStanding(cells, before);
  const counted = demandStakeBounds(cells, parameters, before);
  const absent = demandThrottle(cells, before);
  return { chosen: cells.chosen.members, counted, absent };
}

type Cells = Awaited<ReturnType<typeof read>>;

async function read(store: LedgerStore, epoch: number) {
  const names = [
    cellKey.duties(epoch),
    cellKey.epoch(epoch + 1),
    cellKey.epoch(epoch + 2),
    cellKey.views,
    cellKey.absent(epoch + 2),
  ];
  const [account, next, chosen, views, absent] = await store.getMany(names);
  if (!account || !next || !chosen || !views) throw new Violation('I8', `epoch ${epoch} has closed without an account`);
  const bySource = async <T>(prefix: Uint8Array, decode: (bytes: Uint8Array) => T): Promise<Map<string, T>> => {
    const found = await store.scan(prefix);
    return new Map(found.map(([name, value]) => [toHex(sourceOfCellName(name) as Uint8Array), decode(value)] as const));
  };
  return {
    epoch,
    account: decodeDutiesCell(account),
    next: decodeEpochCell(next),
    chosen: decodeEpochCell(chosen),
    views: decodeViewsCell(views),
    absent: absent ? decodeAbsentCell(absent).sources : [],
    duties: await bySource(cellPrefix.duty, decodeDutyCell),
    sources: await bySource(cellPrefix.sources, decodeSourceCell),
    counted: await bySource(cellPrefix.counted, decodeCountedCell),
  };
}

/** I8: every view that got a class is in one leaf, or a storm's. */
function demandSums({ epoch, account }: Cells): void {
  const { leaves, settled, storm, charged } = account;
  const counted = leaves.reduce(
    (sum, { produced, missed, declined, late, invalid, equivocated }) =>
      sum + produced + missed + declined + late + invalid + equivocated,
    0,
  );
  if (counted === settled - storm + charged) return;
  throw new Violation('I8', `epoch ${epoch}: leaves count ${counted}, views ${settled} - ${storm} + ${charged}`);
}

const FAULTS = ['missed', 'declined', 'late', 'invalid'] as const;

/** I10 on a record of the run: each fault fewer, or a view fewer of shadow duty, and it would stand no worse. */
function demandMonotone(source: string, { window, reliability }: DutyCell): void {
  if (reliability !== reliabilityOf(window)) throw new Violation('I10', `the reliability of ${source} is not its own`);
  const better: WindowCounts[] = FAULTS.filter((fault) => window[fault] > 0).map((fault) => ({
    ...window,
    [fault]: window[fault] - 1,
    produced: window.produced + 1,
  }));
  if (window.shadowMilli > 0) better.push({ ...window, shadowMilli: 0 });
  for (const other of better) {
    if (reliabilityOf(other) < reliability || debtMilli(other) > debtMilli(window)) {
      throw new Violation('I10', `${source} stands better for a fault, or for being left out`);
    }
  }
}

/** I12: who serves in an epoch was decided two boundaries before; the handover guard alone lets the old ones go on. */
function demandStanding({ epoch, next, views }: Cells, before: Closed | undefined): void {
  if (before === undefined || views.continued > 0 || namesOf(next.members) === namesOf(before.chosen)) return;
  throw new Violation('I12', `who serves in epoch ${epoch + 1} was changed after the end of epoch ${epoch - 1}`);
}

/** I12: no more than studies and endowment, no more new weight than churn lets in, no source above the cap. */
function demandStakeBounds(
  { epoch, sources, counted, chosen }: Cells,
  parameters: Parameters,
  before: Closed | undefined,
): ReadonlyMap<string, bigint> {
  const now = new Map<string, bigint>();
  let [entered, total] = [0n, 0n];
  for (const [source, cell] of sources) {
    const count = counted.get(source)?.counted ?? BigInt(cell.endowment) * 1_000n;
    now.set(source, count);
    if (count > BigInt(cell.studies + cell.endowment) * 1_000n) {
      throw new Violation('I12', `${source} counts more than its studies and its endowment`);
    }
    const had = before?.counted.get(source) ?? BigInt(cell.endowment) * 1_000n;
    total += had;
    if (count > had) entered += count - had;
  }
  const { stakeChurnBasisPoints, epochHeights, quotaPeriodHeights, stakeGrowthBase } = parameters;
  const base = total > BigInt(stakeGrowthBase) * 1_000n ? total : BigInt(stakeGrowthBase) * 1_000n;
  const share = base * BigInt(stakeChurnBasisPoints) * BigInt(epochHeights);
  // The part of a milli-study that a boundary leaves over is the next one's.
  const most = share / (10_000n * BigInt(quotaPeriodHeights)) + 1n;
  if (entered > most) throw new Violation('I12', `${entered} of new weight entered with epoch ${epoch}, of ${most}`);
  const weights = chosen.members.map(({ weight }) => weight);
  const sum = weights.reduce((all, weight) => all + weight, 0n);
  // 32% is the highest cap there is; it holds where four have weight to speak of. Whoever is left out counts besides.
  const heaviest = weights.reduce((max, weight) => (weight > max ? weight : max), 0n);
  if (weights.length > 4 && heaviest * 100n > sum * 40n) throw new Violation('I12', 'one source outweighs the others');
  return now;
}

/** I18: a tenth of the weight at most goes at once, a third in all. Tombstones know no bound. */
function demandThrottle({ epoch, absent, chosen, duties }: Cells, before: Closed | undefined): ReadonlySet<string> {
  const bounded = absent.filter(({ source }) => duties.get(toHex(source))?.tombstonedEpoch === undefined);
  const sumOf = (entries: readonly { readonly weight: bigint }[]): bigint =>
    entries.reduce((sum, { weight }) => sum + weight, 0n);
  const all = sumOf(absent) + sumOf(chosen.members);
  const fresh = sumOf(bounded.filter(({ source }) => !before?.absent.has(toHex(source))));
  if (fresh * 10n > all) throw new Violation('I18', `${fresh} of ${all} is left out of epoch ${epoch + 2} at once`);
  if (sumOf(bounded) * 3n > all) throw new Violation('I18', `${sumOf(bounded)} of ${all} is left out`);
  return new Set(absent.map(({ source }) => toHex(source)));
}

function namesOf(members: EpochCell['members']): string {
  return members.map(({ source, nodeKey, weight }) => `${toHex(source)} ${toHex(nodeKey)} ${weight}`).join();
}
