/** The accounts of an epoch: a leaf for each source, and its duty record carried on. Spec: docs/spec/duties.md, section 4. */
import {
  type CloseEpochInput,
  type DutyCell,
  type DutyCounts,
  type DutyLeaf,
  EMPTY_DUTY_CELL,
  type EpochCell,
  type WindowCounts,
} from '@radledger/chain';
import { fromHex, toHex } from '@radledger/primitives';
import { heaviest } from './committee.js';
import { reliabilityOf } from './reliability.js';
import { hasVoted } from './voters.js';

/** A source at the end of an epoch. */
export interface Account {
  readonly source: Uint8Array;
  /** With the epoch's counts moved into the window; status as it was. */
  readonly cell: DutyCell;
  readonly leaf: DutyLeaf;
  /** It could have shown itself in this epoch and did not. */
  readonly silent: boolean;
  /** What the epoch itself counts, which the cell has no more. */
  readonly counts: DutyCounts;
}

type AccountInput = Pick<
  CloseEpochInput,
  'epoch' | 'current' | 'absent' | 'views' | 'duties' | 'leaving' | 'parameters'
>;

/** Accounts of everyone who is a member, left out, or on record, in the order of source ids. */
export function closeAccounts(input: AccountInput): readonly Account[] {
  const { epoch, current, absent, views, duties, leaving, parameters } = input;
  const seats = new Map(current.members.map((member, index) => [toHex(member.source), { ...member, index }]));
  const voters = new Set(heaviest(current.members, parameters.committeeMax).map(({ source }) => toHex(source)));
  const shadows = new Map(absent.sources.map(({ source, weight }) => [toHex(source), weight]));
  const records = new Map(duties.map(({ source, cell }) => [toHex(source), cell]));
  const gone = new Map((leaving?.leaves ?? []).map((leaf) => [toHex(leaf.source), leaf]));
  const served = sumOf(current.members);
  const all = served + sumOf(absent.sources);
  const counted = BigInt(views.closed - views.storm);
  const shareMilli = (weight: bigint, total: bigint): number => Number((1_000n * counted * weight) / total);

  return [...new Set([...seats.keys(), ...shadows.keys(), ...records.keys()])].sort().map((hex) => {
    const source = fromHex(hex);
    const seat = seats.get(hex);
    const before = records.get(hex) ?? EMPTY_DUTY_CELL;
    const shadow = seat === undefined ? (shadows.get(hex) ?? 0n) : 0n;
    const shadowMilli = shadow === 0n ? 0 : shareMilli(shadow, all);
    const window = carried(before, shadowMilli, gone.get(hex));
    const reliability = reliabilityOf(window);
    const hasVotes = seat !== undefined && views.voters.length > 0 && voters.has(hex);
    const active = before.open.produced > 0 || (hasVotes && hasVoted(views.voters, seat.index));
    const silent = seat !== undefined && !active && (hasVotes || failures(before.open) > 0);
    const cell: DutyCell = {
      ...before,
      open: EMPTY_DUTY_CELL.open,
      window,
      reliability,
      silentEpochs: active ? 0 : before.silentEpochs + (silent ? 1 : 0),
      dormant: before.dormant && !active,
    };
    const expectedMilli = seat === undefined ? 0 : shareMilli(seat.weight, served);
    const leaf = { source, epoch, expectedMilli, ...before.open, shadowMilli, reliability };
    return { source, cell, leaf, silent, counts: before.open };
  });
}

/** What it failed to do as a leader. */
export function failures({ missed, declined, late, invalid }: DutyCounts): number {
  return missed + declined + late + invalid;
}

/** Whether a duty record says anything: one that does not is no cell. */
export function isOnRecord(cell: DutyCell): boolean {
  const { open, window, suspensions, suspendedUntil, silentEpochs, dormant, tombstonedEpoch } = cell;
  const numbers = [...Object.values(open), ...Object.values(window), suspensions, suspendedUntil, silentEpochs];
  return dormant || tombstonedEpoch !== undefined || numbers.some((number) => number > 0);
}

/** The members' weight that showed itself, or had no chance to. */
export function activeWeight(members: EpochCell['members'], accounts: readonly Account[]): bigint {
  const silent = new Set(accounts.filter((account) => account.silent).map(({ source }) => toHex(source)));
  return sumOf(members.filter(({ source }) => !silent.has(toHex(source))));
}

export function sumOf(weighty: readonly { readonly weight: bigint }[]): bigint {
  return weighty.reduce((sum, { weight }) => sum + weight, 0n);
}

/** The window with this epoch in it, and without the one that leaves. */
function carried({ window, open }: DutyCell, shadowMilli: number, gone: DutyLeaf | undefined): WindowCounts {
  const moved = (name: keyof DutyCounts): number => window[name] + open[name] - (gone?.[name] ?? 0);
  return {
    produced: moved('produced'),
    missed: moved('missed'),
    declined: moved('declined'),
    late: moved('late'),
    invalid: moved('invalid'),
    equivocated: moved('equivocated'),
    shadowMilli: window.shadowMilli + shadowMilli - (gone?.shadowMilli ?? 0),
  };
}
