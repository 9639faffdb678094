/**
 * Somebody with the whole ledger who tries to link: two studies of one patient, two shares to one practice. The attack is a naive Bayes
 * classifier over everything that two records show side by side; the observer learned it from a week of which the truth was told.
 */
import { toHex } from '@radledger/primitives';
import { decodeTransaction } from '@radledger/transactions';
import { Prng } from '../prng.js';
import { MINUTE_MS } from './clinic-week.js';
import type { WeekLedger } from './week-ledger.js';

/** A study as the ledger shows it. */
export interface SeenStudy {
  readonly id: string;
  readonly source: string;
  readonly definedMs: number;
  readonly shares: SeenShare[];
}

export interface SeenShare {
  readonly tag: string;
  readonly study: SeenStudy;
  readonly allowedMs: number;
  readonly notAfterMs: number;
  stoppedMs?: number;
}

export interface Sightings {
  readonly studies: readonly SeenStudy[];
  readonly shares: readonly SeenShare[];
  /** How many grants end at this time. */
  readonly endings: ReadonlyMap<number, number>;
}

/** Reads the blocks as anybody can. */
export function readSightings({ chainId, blocks }: Pick<WeekLedger, 'chainId' | 'blocks'>): Sightings {
  const studies = new Map<string, SeenStudy>();
  const shares = new Map<string, SeenShare>();
  const endings = new Map<number, number>();
  for (const { timestampMs, transactions } of blocks) {
    for (const bytes of transactions) {
      const { transaction } = decodeTransaction(bytes, chainId);
      if (transaction.kind === 'define-study') {
        const { studyId, source } = transaction.payload;
        const id = toHex(studyId);
        studies.set(id, { id, source: toHex(source), definedMs: timestampMs, shares: [] });
      } else if (transaction.kind === 'allow-access') {
        const { studyId, tag, notAfterMs } = transaction.payload;
        const study = studies.get(toHex(studyId)) as SeenStudy;
        const share: SeenShare = { tag: toHex(tag), study, allowedMs: timestampMs, notAfterMs };
        study.shares.push(share);
        shares.set(share.tag, share);
        endings.set(notAfterMs, (endings.get(notAfterMs) ?? 0) + 1);
      } else if (transaction.kind === 'revoke-access') {
        const share = shares.get(toHex(transaction.payload.tag));
        if (share !== undefined) share.stoppedMs = timestampMs;
      }
    }
  }
  return { studies: [...studies.values()], shares: [...shares.values()], endings };
}

/** What is to be linked, and what two of it show side by side. */
export interface Question<T> {
  readonly items: (sightings: Sightings) => readonly T[];
  /** One label of each family, 0 to 63: what the pair shows. */
  readonly features: (a: T, b: T, sightings: Sightings) => readonly number[];
  /** Orders in which linked items stand near each other: a text, then a time. */
  readonly orders: readonly ((item: T) => readonly [string, number])[];
}

/** Weight of each label of each family: log of how much likelier a linked pair shows it. */
export type Learned = readonly Float64Array[];

const LABELS = 64;
const RANDOM_PAIRS_MAX = 200_000;
const PAIRS_OF_GROUP_MAX = 40;
const NEIGHBOURS = 24;

/** Learns from a week whose truth is known. */
export function learn<T>(
  question: Question<T>,
  sightings: Sightings,
  { groupOf, seed }: { readonly groupOf: (item: T) => number; readonly seed: number },
): Learned {
  const items = question.items(sightings);
  const random = new Prng(seed);
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const group = groups.get(groupOf(item));
    if (group === undefined) groups.set(groupOf(item), [item]);
    else group.push(item);
  }
  const linked: (readonly number[])[] = [];
  for (const group of groups.values()) {
    for (let pair = Math.min(group.length * (group.length - 1), PAIRS_OF_GROUP_MAX); pair > 0; pair--) {
      const [a, b] = [random.pick(group), random.pick(group)];
      if (a !== b) linked.push(question.features(a, b, sightings));
    }
  }
  const unlinked: (readonly number[])[] = [];
  for (let pair = Math.min(RANDOM_PAIRS_MAX, items.length ** 2); pair > 0; pair--) {
    const [a, b] = [random.pick(items), random.pick(items)];
    if (groupOf(a) !== groupOf(b)) unlinked.push(question.features(a, b, sightings));
  }
  const [ofLinked, ofUnlinked] = [frequencies(linked), frequencies(unlinked)];
  return ofLinked.map((family, number) =>
    family.map((often, label) => Math.log(often) - Math.log(ofUnlinked[number]?.[label] as number)),
  );
}

/** How often each label stands in each family, never quite 0: add-one smoothing. */
function frequencies(pairs: readonly (readonly number[])[]): readonly Float64Array[] {
  return (pairs[0] ?? []).map((_, family) => {
    const counts = new Float64Array(LABELS).fill(1);
    for (const pair of pairs) (counts[pair[family] as number] as number)++;
    return counts.map((count) => count / (pairs.length + LABELS));
  });
}

export interface Guess<T> {
  readonly item: T;
  readonly partner: T;
  /** The higher, the surer. */
  readonly score: number;
}

/** One guess an item: its likeliest partner among those that stand near it in any of the orders. Surest first. */
export function guess<T>(question: Question<T>, sightings: Sightings, learned: Learned): readonly Guess<T>[] {
  const items = question.items(sightings);
  const candidates = new Map<T, Set<T>>(items.map((item) => [item, new Set<T>()]));
  for (const order of question.orders) {
    const sorted = items
      .map((item) => ({ item, key: order(item) }))
      .sort(({ key: a }, { key: b }) => (a[0] === b[0] ? a[1] - b[1] : a[0] < b[0] ? -1 : 1));
    for (const [at, { item }] of sorted.entries()) {
      for (let near = Math.max(0, at - NEIGHBOURS); near <= at + NEIGHBOURS && near < sorted.length; near++) {
        if (near !== at) candidates.get(item)?.add(sorted[near]?.item as T);
      }
    }
  }
  const guesses: Guess<T>[] = [];
  for (const [item, near] of candidates) {
    let best: Guess<T> | undefined;
    for (const partner of near) {
      const score = question
        .features(item, partner, sightings)
        .reduce((sum, label, family) => sum + (learned[family]?.[label] as number), 0);
      if (best === undefined || score > best.score) best = { item, partner, score };
    }
    if (best !== undefined) guesses.push(best);
  }
  return guesses.sort((a, b) => b.score - a.score);
}

/** Two studies of one patient. */
export const studiesOfOnePatient: Question<SeenStudy> = {
  items: ({ studies }) => studies,
  features: (a, b, { endings }) => [
    apart(a.definedMs, b.definedMs) + (a.source === b.source ? 0 : ELSEWHERE),
    nearest(a, b, (x, y) => apart(x.allowedMs, y.allowedMs)),
    nearest(a, b, (x, y) => sameEnd(x, y, endings)),
    nearest(a, b, stoppedApart),
    Math.min(Math.abs(a.shares.length - b.shares.length), 3),
  ],
  orders: [
    ({ definedMs }) => ['', definedMs],
    ({ source, definedMs }) => [source, definedMs],
    ({ shares }) => ['', shares[0]?.allowedMs ?? 0],
    ({ shares }) => ['', shares.at(-1)?.allowedMs ?? 0],
    ({ shares }) => ['', shares[0]?.notAfterMs ?? 0],
    ({ shares }) => ['', shares[0]?.stoppedMs ?? 0],
  ],
};

/** Two shares to one practice, of whomever. */
export const sharesToOnePractice: Question<SeenShare> = {
  items: ({ shares }) => shares,
  features: (a, b, { endings }) => [
    apart(a.allowedMs, b.allowedMs),
    sameEnd(a, b, endings),
    stoppedApart(a, b),
    a.study === b.study
      ? NEVER
      : apart(a.study.definedMs, b.study.definedMs) + (a.study.source === b.study.source ? 0 : ELSEWHERE),
  ],
  orders: [
    ({ allowedMs }) => ['', allowedMs],
    ({ notAfterMs }) => ['', notAfterMs],
    ({ stoppedMs }) => ['', stoppedMs ?? 0],
    ({ study }) => ['', study.definedMs],
    ({ study }) => [study.source, study.definedMs],
  ],
};

/** No label of `apart` reaches it: a week has 2^20 seconds at most. */
const ELSEWHERE = 32;
const NEVER = 63;

function nearest(a: SeenStudy, b: SeenStudy, label: (x: SeenShare, y: SeenShare) => number): number {
  let least = NEVER;
  for (const x of a.shares) for (const y of b.shares) least = Math.min(least, label(x, y));
  return least;
}

/** How far apart two moments are, in doublings of a second. */
function apart(aMs: number, bMs: number): number {
  return Math.round(Math.log2(1 + Math.abs(aMs - bMs) / 1_000));
}

/** An ending that few grants share tells more than one of thousands. */
function sameEnd(x: SeenShare, y: SeenShare, endings: ReadonlyMap<number, number>): number {
  return x.notAfterMs === y.notAfterMs ? Math.round(Math.log2(endings.get(x.notAfterMs) ?? 1)) : ELSEWHERE;
}

/** Stopped within a minute of each other, both at other times, one of them, neither. */
function stoppedApart(x: SeenShare, y: SeenShare): number {
  if (x.stoppedMs === undefined || y.stoppedMs === undefined) return x.stoppedMs === y.stoppedMs ? 3 : 2;
  return Math.abs(x.stoppedMs - y.stoppedMs) <= MINUTE_MS ? 0 : 1;
}
