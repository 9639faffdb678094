/** How far made-up studies carry a faker under each stake policy: the policy itself, fed day by day, no network. */
import {
  type AttestedCell,
  type CountedEntry,
  DEFAULT_PARAMETERS,
  type Parameters,
  rateAt,
  type SourceEntry,
  type StakePolicy,
  type StudyRate,
  studiesCapacityMilli,
} from '@radledger/chain';
import { stakePolicyOf } from '@radledger/consensus';
import { hash, toHex } from '@radledger/primitives';

/** A group of sources that all do the same. */
export interface StakeGroup {
  readonly sources: number;
  /** Studies of each a day; `quota` is as many as the ledger's quota lets through. */
  readonly studiesADay: number | 'quota';
  /** First and last day on which they define studies; left out: from the beginning, to the end. */
  readonly fromDay?: number;
  readonly untilDay?: number;
  /** Of each, given by genesis; default 0. */
  readonly endowment?: number;
  /** Whether authorities vouch for what each of them defines; default false. */
  readonly attested?: boolean;
}

export interface InflationScenario {
  readonly policy: StakePolicy;
  readonly honest: StakeGroup;
  readonly faker: StakeGroup;
  readonly days: number;
  /** Epochs a day: boundaries at which the policy is asked; default 4. */
  readonly epochsADay?: number;
  readonly parameters?: Partial<Parameters>;
}

export interface InflationFigures {
  /** Share of all weight that the faker's sources hold together at the end of each day, 0 to 1. */
  readonly fakerShare: readonly number[];
  /** Studies that the faker has made up by the end of each day. */
  readonly fakerStudies: readonly number[];
  /** First day at whose end the faker holds a third or more, from 1; left out when it never does. */
  readonly daysToThird?: number;
}

/** A source in the making: what its cell would count. */
interface Account {
  readonly group: StakeGroup;
  readonly id: Uint8Array;
  /** Studies of each day, the oldest first. */
  readonly studiesOfDay: number[];
  rate: StudyRate;
  studies: number;
}

/** @returns figures a day; equal scenarios give equal figures */
export function measureInflation(scenario: InflationScenario): InflationFigures {
  const { policy, honest, faker, days, epochsADay = 4 } = scenario;
  const base = { ...DEFAULT_PARAMETERS, ...scenario.parameters };
  const epochHeights = Math.floor(base.quotaPeriodHeights / epochsADay);
  const windowDays = Math.ceil((base.stakeWindowEpochs * base.epochHeights) / base.quotaPeriodHeights);
  const parameters = { ...base, epochHeights, stakeWindowEpochs: windowDays * epochsADay };
  const accounts = [honest, faker].flatMap((group, which) =>
    Array.from({ length: group.sources }, (_, index): Account => {
      return {
        group,
        id: hash('sim/inflation', which, index),
        studiesOfDay: [],
        rate: { period: 0, count: 0, meanMilli: 0 },
        studies: 0,
      };
    }),
  );
  accounts.sort((a, b) => (toHex(a.id) < toHex(b.id) ? -1 : 1));
  const remembered = new Map<string, CountedEntry>();
  const fakerShare: number[] = [];
  const fakerStudies: number[] = [];
  let made = 0;
  for (let day = 0; day < days; day++) {
    for (const account of accounts) {
      const defined = defineStudies(account, day, policy === 'raw' ? Number.POSITIVE_INFINITY : windowDays, parameters);
      if (account.group === faker) made += defined;
    }
    let weights: readonly bigint[] = [];
    for (let n = 1; n <= epochsADay; n++) {
      const height = (day * epochsADay + n) * epochHeights;
      const result = stakePolicyOf(policy)({
        height,
        sources: accounts.map(entryOf),
        counted: [...remembered.values()],
        attested: accounts.map((account) => ({ source: account.id, cell: attestedOf(account) })),
        parameters,
      });
      for (const entry of result.counted) remembered.set(toHex(entry.source), entry);
      weights = result.weights;
    }
    fakerShare.push(shareOf(weights, accounts, faker));
    fakerStudies.push(made);
  }
  const third = fakerShare.findIndex((share) => share >= 1 / 3);
  return { fakerShare, fakerStudies, ...(third >= 0 && { daysToThird: third + 1 }) };
}

/** One day of one source, and what leaves its window. */
function defineStudies(account: Account, day: number, windowDays: number, parameters: Parameters): number {
  const { group, studiesOfDay } = account;
  const { fromDay = 0, untilDay = Number.POSITIVE_INFINITY, studiesADay } = group;
  const rate = rateAt(account.rate, day * parameters.quotaPeriodHeights, parameters);
  const most = Math.floor(studiesCapacityMilli(rate, parameters) / 1_000);
  const wanted = studiesADay === 'quota' ? most : studiesADay;
  const defined = day < fromDay || day > untilDay ? 0 : wanted;
  account.rate = { ...rate, count: defined };
  studiesOfDay.push(defined);
  account.studies += defined - (studiesOfDay[day - windowDays] ?? 0);
  return defined;
}

function entryOf({ id, group, studies, rate }: Account): SourceEntry {
  const quota = { units: 0, height: 0 };
  const keys = { signingKey: id, nodeKey: id, vrfKey: id };
  const endowment = group.endowment ?? 0;
  return {
    source: id,
    cell: {
      endpoint: undefined,
      ...keys,
      endowment,
      admittedHeight: 0,
      studies,
      studyQuota: quota,
      allowQuota: quota,
      rate,
    },
  };
}

function attestedOf({ group, studies }: Account): AttestedCell {
  // A period that never leaves the window: the maximum is what the window holds.
  const maxima = group.attested === true ? [{ period: 2 ** 30, authority: 0, countMax: studies }] : [];
  return { admitUntilHeight: 0, maxima };
}

function shareOf(weights: readonly bigint[], accounts: readonly Account[], faker: StakeGroup): number {
  let total = 0n;
  let own = 0n;
  accounts.forEach(({ group }, index) => {
    total += weights[index] as bigint;
    if (group === faker) own += weights[index] as bigint;
  });
  return Number(own) / Number(total);
}
