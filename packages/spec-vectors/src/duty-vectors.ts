import {
  type AbsentCell,
  type CloseEpochInput,
  DEFAULT_PARAMETERS,
  type DutyCell,
  type DutyCounts,
  type DutyEvent,
  EMPTY_DUTY_CELL,
  EMPTY_VIEWS_CELL,
  encodeDutyLeaf,
  type EpochCell,
  merkleRoot,
  type SourceCell,
  type ViewsCell,
} from '@radledger/chain';
import { classifyViews, createChainRules, debtMilli, reliabilityOf, stakePolicyOf } from '@radledger/consensus';
import { simplex } from '@radledger/consensus-simplex';
import { asJson, fill, type VectorCase, type VectorFile } from './vector-file.js';

const rules = createChainRules(simplex);
const noCounts = EMPTY_DUTY_CELL.open;

export function dutyVectors(): VectorFile[] {
  return [
    { name: 'duty-views', spec: 'duties.md', cases: views() },
    { name: 'reliability', spec: 'duties.md', cases: reliabilities() },
    { name: 'duty-epochs', spec: 'duties.md', cases: epochs() },
  ];
}

type Seen = Omit<DutyEvent, 'height' | 'epoch' | 'view' | 'source' | 'totalWeight'>;

const none = [0n, 0n, 0n, 0n] as const;
const produced: Seen = { class: 'PRODUCED', reasonWeights: none };
const unrecorded: Seen = { class: 'UNRECORDED', reasonWeights: none };
const empty: Seen = { class: 'EMPTY', reasonWeights: none };
const nullified = (reasonWeights: readonly [bigint, bigint, bigint, bigint], more: Partial<Seen> = {}): Seen => ({
  class: 'NULLIFIED',
  reasonWeights,
  ...more,
});
const absentLeader = nullified([2_100n, 0n, 0n, 0n]);

/** Blocks at rising heights, each with the views that it closes; leaders 1, 2 and 3 take turns. */
function views(): VectorCase[] {
  const graceHeights = 2;
  const vector = (name: string, blocks: readonly (readonly Seen[])[]): VectorCase => {
    let [cell, view] = [EMPTY_VIEWS_CELL, 0];
    const [inputs, steps]: [unknown[], unknown[]] = [[], []];
    for (const [index, seen] of blocks.entries()) {
      const height = 100 + index;
      const events = seen.map((each): DutyEvent => {
        view += 1;
        return { height, epoch: 4, view, source: fill(1 + (view % 3)), totalWeight: 3_000n, ...each };
      });
      const { views: after, settled } = classifyViews(cell, { height, events, graceHeights });
      inputs.push({ height, events });
      steps.push({ views: after, settled });
      cell = after;
    }
    const input = asJson({ views: EMPTY_VIEWS_CELL, graceHeights, blocks: inputs });
    return { name, input, output: asJson(steps) };
  };
  return [
    vector('one of each class', [
      [
        nullified([1_001n, 0n, 1_100n, 0n]),
        nullified([1_000n, 0n, 1_100n, 0n]),
        nullified([0n, 1_500n, 700n, 0n], { invalidWeight: 1_001n }),
        nullified([0n, 1_500n, 700n, 0n], { invalidWeight: 1_000n }),
        nullified([0n, 0n, 0n, 2_100n], { leaderDeclined: true }),
        nullified([1_001n, 0n, 0n, 1_100n], { leaderDeclined: true }),
        nullified([0n, 0n, 0n, 2_100n]),
        unrecorded,
        produced,
      ],
      [produced],
      [empty, produced],
      [produced],
    ]),
    vector('a storm', [
      [...Array.from({ length: 17 }, () => absentLeader), produced],
      [absentLeader, produced],
    ]),
    vector('what leaves the newest 32', [
      ...Array.from({ length: 15 }, () => [absentLeader, produced]),
      [absentLeader, produced],
      [produced, absentLeader, produced],
    ]),
  ];
}

function reliabilities(): VectorCase[] {
  const vector = (name: string, counts: Partial<DutyCounts & { shadowMilli: number }>): VectorCase => {
    const window = { ...EMPTY_DUTY_CELL.window, ...counts };
    return {
      name,
      input: asJson(window),
      output: { debtMilli: debtMilli(window), reliability: reliabilityOf(window) },
    };
  };
  return [
    vector('no duty', {}),
    vector('5 of 5 missed', { missed: 5 }),
    vector('10 of 110 missed', { produced: 100, missed: 10 }),
    vector('a fifth late', { produced: 80, late: 20 }),
    vector('more than a fifth late', { produced: 79, late: 21 }),
    vector('late alone', { late: 3 }),
    vector('declined', { produced: 10, declined: 3 }),
    vector('one invalid block', { produced: 1_000, invalid: 1 }),
    vector('left out', { produced: 3, shadowMilli: 12_345 }),
    vector('two signatures', { produced: 3, equivocated: 2 }),
    vector('everything', { produced: 7, missed: 6, declined: 5, late: 4, invalid: 3, equivocated: 2, shadowMilli: 1 }),
    vector('28 days of all views', { produced: 1_209_600 }),
  ];
}

interface Party {
  /** Studies: its weight. */
  readonly weight: number;
  readonly open?: Partial<DutyCounts>;
  readonly cell?: Partial<Omit<DutyCell, 'open' | 'window'>> & { readonly window?: Partial<DutyCell['window']> };
  /** Not a member of the epoch that closes, but left out of it. */
  readonly left?: true;
  readonly tombstoned?: true;
  /** Its vote was shown. */
  readonly votes?: boolean;
}

/** Sources 1, 2, ...; what is not said of one is that it votes and owes nothing. */
function epochs(): VectorCase[] {
  const vector = (
    name: string,
    parties: readonly Party[],
    changes: Partial<CloseEpochInput> & { readonly changedParameters?: Partial<typeof DEFAULT_PARAMETERS> } = {},
  ): VectorCase => {
    const { changedParameters, ...given } = changes;
    const parameters = { ...DEFAULT_PARAMETERS, committeeMax: 16, ...changedParameters };
    const sources = parties.map(({ weight, tombstoned = false }, index) => ({
      ...sourceOf(fill(index + 1), weight),
      tombstoned,
    }));
    const tombstoned = sources.filter((entry) => entry.tombstoned).map(({ source }) => source);
    const memberOf = ({ source, cell }: (typeof sources)[number]): EpochCell['members'][number] => {
      const weight = 1_000n * BigInt(cell.endowment);
      return { source, nodeKey: cell.nodeKey, vrfKey: cell.vrfKey, weight };
    };
    const serving = parties.flatMap(({ left }, index) => (left ? [] : [memberOf(sources[index] as never)]));
    const absent: AbsentCell = {
      sources: parties.flatMap(({ left, weight }, index) =>
        left ? [{ source: fill(index + 1), weight: 1_000n * BigInt(weight) }] : [],
      ),
    };
    const current: EpochCell = { epoch: 9, firstHeight: 6_481, members: serving, seed: fill(0x5e) };
    const input: CloseEpochInput = {
      chainId: fill(0xc1),
      policies: { admission: 'open', stake: 'raw' },
      parameters,
      epoch: 9,
      height: 0,
      sources,
      counted: [],
      attested: [],
      runningSeed: fill(0x77),
      current,
      next: { ...current, epoch: 10, firstHeight: 7_201, seed: undefined },
      views: viewsOf(parties),
      duties: parties.flatMap(({ open, cell }, index) =>
        open === undefined && cell === undefined ? [] : [{ source: fill(index + 1), cell: dutyOf({ open, cell }) }],
      ),
      absent,
      leaving: undefined,
      ...given,
    };
    const { weights } = stakePolicyOf('raw')(input);
    const candidates = sources.map((source, index) => ({ ...memberOf(source), weight: weights[index] as bigint }));
    const { runningSeed: _r, seed: _s, counted: _c, ...closed } = rules.closeEpoch(input);
    const dutyRoot = merkleRoot(closed.account.leaves.map(encodeDutyLeaf));
    const duties = closed.duties.map(({ source, cell }) => ({ source, cell: cell ?? null }));
    const {
      sources: _a,
      counted: _b,
      attested: _g,
      runningSeed: _h,
      chainId: _d,
      policies: _e,
      height: _f,
      ...told
    } = input;
    return {
      name,
      input: asJson({ ...told, candidates, tombstoned }),
      output: asJson({ ...closed, duties, dutyRoot }),
    };
  };
  const equal = (count: number, changes: Readonly<Record<number, Partial<Party>>> = {}): readonly Party[] =>
    Array.from({ length: count }, (_, index) => ({ weight: 100, votes: true, ...changes[index] }));
  const silent = { votes: false };
  const failing = { open: { missed: 1 }, cell: { window: { produced: 2, missed: 8 } } };
  return [
    vector('nothing happened', equal(4)),
    vector('shares of unequal weights', [
      { weight: 700, votes: true, open: { produced: 40, late: 1 } },
      { weight: 200, votes: true, open: { produced: 8, declined: 1 } },
      { weight: 99, votes: true, open: { missed: 2 } },
      { weight: 1, votes: true },
    ]),
    vector('four equal sources leave nobody out', equal(4, { 3: { ...failing, ...silent } })),
    vector('one of ten is suspended', equal(10, { 3: failing })),
    vector('suspended again, for longer', equal(10, { 3: { ...failing, cell: { ...failing.cell, suspensions: 5 } } })),
    vector('of two the less reliable goes', equal(10, { 3: failing, 7: { ...failing, open: { invalid: 1 } } })),
    vector('dormant after three silent epochs', equal(12, { 5: { cell: { silentEpochs: 2 }, ...silent } })),
    vector('silent twice is not yet dormant', equal(12, { 5: { cell: { silentEpochs: 1 }, ...silent } })),
    vector('left out: it owes what it would have led', [
      ...equal(9),
      {
        weight: 100,
        left: true,
        cell: { suspendedUntil: 40, suspensions: 5, window: { missed: 9, shadowMilli: 500 } },
      },
      { weight: 50, left: true, cell: { dormant: true, silentEpochs: 3 } },
    ]),
    vector('a suspension ends', [
      ...equal(9),
      { weight: 100, left: true, cell: { suspendedUntil: 11, suspensions: 2, window: { missed: 9 } } },
    ]),
    vector(
      'tombstones, by key and by time',
      equal(6, {
        0: { tombstoned: true, open: { equivocated: 1 }, cell: { tombstonedEpoch: 9 } },
        2: { cell: { tombstonedEpoch: 8 } },
      }),
      { changedParameters: { dutyWindowEpochs: 3 } },
    ),
    vector('nobody would be left', equal(2, { 0: { tombstoned: true }, 1: { tombstoned: true } })),
    vector('two of four equivocated: one is out', equal(4, { 1: { tombstoned: true }, 2: { tombstoned: true } })),
    vector(
      'no more than a third is ever out',
      equal(
        12,
        Object.fromEntries([1, 2, 3, 4, 5].map((at) => [at, { cell: { dormant: true, silentEpochs: 3 }, ...silent }])),
      ),
    ),
    vector(
      'the window moves on',
      equal(4, { 1: { open: { produced: 3 }, cell: { window: { produced: 5, missed: 4 } } } }),
      {
        leaving: accountOf(2, { missed: 4, produced: 1 }),
        changedParameters: { dutyWindowEpochs: 8 },
      },
    ),
    vector('the old committee goes on', equal(6, { 3: silent, 4: silent, 5: silent })),
    vector('two thirds are enough', equal(6, { 4: silent, 5: silent })),
    vector(
      'without votes nobody is silent, but who misses is',
      equal(10, {
        2: { open: { missed: 1 }, cell: { silentEpochs: 2 } },
      }),
      { views: { ...EMPTY_VIEWS_CELL, closed: 720, settled: 720 } },
    ),
    vector('the committee alone could have voted', [...equal(5), { weight: 10, cell: { silentEpochs: 2 } }], {
      changedParameters: { committeeMax: 5 },
    }),
  ];
}

function sourceOf(source: Uint8Array, endowment: number): { source: Uint8Array; cell: SourceCell } {
  const [bucket, rate] = [
    { units: 0, height: 0 },
    { period: 0, count: 0, meanMilli: 0 },
  ];
  const first = source[0] as number;
  const keys = { signingKey: source, nodeKey: fill(0x40 + first), vrfKey: fill(0x80 + first) };
  return {
    source,
    cell: {
      endpoint: undefined,
      ...keys,
      endowment,
      admittedHeight: 0,
      studies: 0,
      studyQuota: bucket,
      allowQuota: bucket,
      rate,
    },
  };
}

function dutyOf({ open, cell }: { open: Party['open'] | undefined; cell: Party['cell'] | undefined }): DutyCell {
  const window = { ...EMPTY_DUTY_CELL.window, ...cell?.window };
  return { ...EMPTY_DUTY_CELL, ...cell, open: { ...noCounts, ...open }, window };
}

function viewsOf(parties: readonly Party[]): ViewsCell {
  const serving = parties.filter(({ left }) => !left);
  const voters = new Uint8Array(Math.ceil(serving.length / 8));
  for (const [index, { votes }] of serving.entries())
    if (votes) voters[index >> 3] = (voters[index >> 3] ?? 0) | (0x80 >> (index & 7));
  return { ...EMPTY_VIEWS_CELL, closed: 750, settled: 749, storm: 20, charged: 1, recent: 5, voters, continued: 2 };
}

function accountOf(source: number, counts: Partial<DutyCounts>): CloseEpochInput['leaving'] {
  const leaf = {
    ...noCounts,
    ...counts,
    source: fill(source),
    epoch: 1,
    expectedMilli: 5,
    shadowMilli: 0,
    reliability: 9_000,
  };
  return { epoch: 1, closed: 5, settled: 5, storm: 0, charged: 0, pending: 0, leaves: [leaf] };
}
