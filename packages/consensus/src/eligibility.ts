/** Who is left out of an epoch for what it owes: suspension, dormancy, tombstones, and their bounds. Spec: docs/spec/duties.md, section 6. */
import type { AbsentCell, DutyCell, EpochMember, Parameters } from '@radledger/chain';
import { compareBytes, toHex } from '@radledger/primitives';
import { type Account, failures, sumOf } from './duty-account.js';
import { debtMilli } from './reliability.js';

/** A suspension lasts 2^k epochs, k at most this. */
const DOUBLINGS_MAX = 6;
/** Suspension and dormancy never leave fewer: below, one more failure stops the chain. */
const MEMBERS_MIN = 4;

export interface Eligible {
  readonly members: readonly EpochMember[];
  readonly absent: AbsentCell;
  /** Duty records after the decision, in the order of `accounts`. */
  readonly duties: readonly { readonly source: Uint8Array; readonly cell: DutyCell }[];
}

export interface EligibilityInput {
  /** The epoch that is decided. */
  readonly epoch: number;
  /** Everyone with weight, in the order of source ids. */
  readonly candidates: readonly EpochMember[];
  readonly accounts: readonly Account[];
  /** Sources whose current node key is tombstoned. */
  readonly tombstoned: readonly Uint8Array[];
  readonly parameters: Parameters;
}

/**
 * Decides who of the weighty serves in an epoch. Tombstones take out up to a third of all weight; suspension and dormancy
 * only within what the throttle allows besides. The rest serves on.
 */
export function selectEligible(input: EligibilityInput): Eligible {
  const { epoch, candidates, parameters } = input;
  const accounts = new Map(input.accounts.map((account) => [toHex(account.source), account]));
  const records = new Map(input.accounts.map(({ source, cell }) => [toHex(source), returned(cell, epoch, parameters)]));
  const barred = barredSources(input);
  const throttle = new Throttle(candidates, barred, parameters);

  const stays = candidates
    .map(({ source, weight }) => ({ source, weight, hex: toHex(source) }))
    .filter(({ hex }) => !barred.has(hex) && records.has(hex));
  for (const { hex, weight } of stays.filter(({ hex }) => isOut(records.get(hex) as DutyCell, epoch))) {
    throttle.keepOut(hex, weight);
  }
  const fresh = stays
    .map((entry) => ({ ...entry, cell: records.get(entry.hex) as DutyCell }))
    .filter(({ hex, cell }) => !isOut(cell, epoch) && isDue(cell, accounts.get(hex) as Account, parameters))
    .sort((a, b) => a.cell.reliability - b.cell.reliability || compareBytes(a.source, b.source));
  for (const { hex, weight, cell } of fresh) {
    if (throttle.takeOut(hex, weight)) records.set(hex, leftOut(cell, epoch, parameters));
  }

  return {
    members: candidates.filter(({ source }) => !throttle.out.has(toHex(source))),
    absent: {
      sources: candidates
        .filter(({ source }) => throttle.out.has(toHex(source)))
        .map(({ source, weight }) => ({ source, weight })),
    },
    duties: input.accounts.map(({ source }) => ({ source, cell: records.get(toHex(source)) as DutyCell })),
  };
}

/** Bounds what suspension and dormancy may take out. */
class Throttle {
  readonly out: Set<string>;
  private readonly total: bigint;
  private readonly freshMax: bigint;
  private weightOut: bigint;
  private freshOut = 0n;

  constructor(
    private readonly candidates: readonly EpochMember[],
    barred: ReadonlySet<string>,
    parameters: Parameters,
  ) {
    this.out = new Set(barred);
    this.total = sumOf(candidates);
    this.freshMax = (this.total * BigInt(parameters.leftOutPerEpochMax)) / 10_000n;
    this.weightOut = sumOf(candidates.filter(({ source }) => barred.has(toHex(source))));
  }

  /** Whoever is out already stays out, as long as two thirds of all weight serve. */
  keepOut(hex: string, weight: bigint): boolean {
    if ((this.weightOut + weight) * 3n > this.total) return false;
    if (this.candidates.length - this.out.size - 1 < MEMBERS_MIN) return false;
    this.weightOut += weight;
    this.out.add(hex);
    return true;
  }

  /** One more goes, within what may go at once. */
  takeOut(hex: string, weight: bigint): boolean {
    if (this.freshOut + weight > this.freshMax || !this.keepOut(hex, weight)) return false;
    this.freshOut += weight;
    return true;
  }
}

/**
 * Tombstoned key, or a tombstone within the window: a key that followed it does not lift it, or who equivocates would rotate
 * first. In the order of source ids, while two thirds of all weight serve: when more has equivocated, the few that are left
 * must not carry on alone.
 */
function barredSources(input: EligibilityInput): ReadonlySet<string> {
  const { tombstoned, accounts, candidates, epoch, parameters } = input;
  const named = new Set(tombstoned.map(toHex));
  for (const { source, cell } of accounts) {
    const { tombstonedEpoch } = cell;
    if (tombstonedEpoch !== undefined && isTombstoned(tombstonedEpoch, epoch, parameters)) named.add(toHex(source));
  }
  const total = sumOf(candidates);
  const barred = new Set<string>();
  let weightOut = 0n;
  for (const { source, weight } of candidates) {
    if (!named.has(toHex(source)) || (weightOut + weight) * 3n > total) continue;
    weightOut += weight;
    barred.add(toHex(source));
  }
  return barred;
}

function isTombstoned(tombstonedEpoch: number, epoch: number, { dutyWindowEpochs }: Parameters): boolean {
  return epoch <= tombstonedEpoch + dutyWindowEpochs;
}

function isOut({ dormant, suspendedUntil }: DutyCell, epoch: number): boolean {
  return dormant || suspendedUntil > epoch;
}

/** Silent for too long; or unreliable, in debt, and failing again in the very epoch that closed. */
function isDue(cell: DutyCell, { counts }: Account, parameters: Parameters): boolean {
  return cell.silentEpochs >= parameters.dormantAfterEpochs || (isUnreliable(cell, parameters) && failures(counts) > 0);
}

function isUnreliable(cell: DutyCell, { suspendBelowReliability, suspendFromDebt }: Parameters): boolean {
  return cell.reliability < suspendBelowReliability && debtMilli(cell.window) >= 1_000 * suspendFromDebt;
}

function leftOut(cell: DutyCell, epoch: number, { dormantAfterEpochs }: Parameters): DutyCell {
  if (cell.silentEpochs >= dormantAfterEpochs) return { ...cell, dormant: true };
  const suspensions = Math.min(DOUBLINGS_MAX, cell.suspensions + 1);
  return { ...cell, suspendedUntil: epoch + 2 ** cell.suspensions, suspensions };
}

/** What is over is forgotten: a suspension, a tombstone, and the count of suspensions once the source is reliable again. */
function returned(cell: DutyCell, epoch: number, parameters: Parameters): DutyCell {
  const { suspendedUntil, suspensions, tombstonedEpoch, invalidEpochs } = cell;
  const isSuspended = suspendedUntil > epoch;
  const isBarred = tombstonedEpoch !== undefined && isTombstoned(tombstonedEpoch, epoch, parameters);
  return {
    ...cell,
    suspendedUntil: isSuspended ? suspendedUntil : 0,
    suspensions: isSuspended || cell.reliability < parameters.suspendBelowReliability ? suspensions : 0,
    tombstonedEpoch: isBarred ? tombstonedEpoch : undefined,
    invalidEpochs: cell.window.invalid === 0 ? [] : invalidEpochs,
  };
}
