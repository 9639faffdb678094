import {
  DEFAULT_PARAMETERS,
  type DutyCounts,
  type DutyEvent,
  EMPTY_DUTY_CELL,
  EMPTY_VIEWS_CELL,
  type EpochMember,
  PENDING_VIEWS_MAX,
  type WindowCounts,
} from '@radledger/chain';
import { toHex } from '@radledger/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Account } from '../src/duty-account.js';
import { selectEligible } from '../src/eligibility.js';
import { classifyViews, debtMilli, reliabilityOf } from '../src/index.js';

const runs = { seed: 10, numRuns: 200 };
const idOf = (index: number): Uint8Array => new Uint8Array(32).fill(index + 1);
const windows: fc.Arbitrary<WindowCounts> = fc.record({
  produced: fc.nat({ max: 5_000 }),
  missed: fc.nat({ max: 500 }),
  declined: fc.nat({ max: 500 }),
  late: fc.nat({ max: 2_000 }),
  invalid: fc.nat({ max: 50 }),
  equivocated: fc.nat({ max: 3 }),
  shadowMilli: fc.nat({ max: 1_000_000 }),
});

describe('I10: reliability and debt', () => {
  test('every fault in place of a produced view raises the debt or leaves it, and lowers the reliability', () => {
    const faults = ['missed', 'declined', 'late', 'invalid'] as const;
    fc.assert(
      fc.property(windows, fc.constantFrom(...faults), (counts, fault) => {
        const worse = { ...counts, [fault]: counts[fault] + 1 };
        const better = { ...counts, produced: counts.produced + 1 };
        expect(debtMilli(worse)).toBeGreaterThanOrEqual(debtMilli(better));
        expect(reliabilityOf(worse)).toBeLessThanOrEqual(reliabilityOf(better));
      }),
      runs,
    );
  });

  test('to be left out is never better than to serve and miss nothing, nor than not to have been there', () => {
    fc.assert(
      fc.property(windows, fc.nat({ max: 100_000 }), (counts, shadowMilli) => {
        const out = { ...counts, shadowMilli: counts.shadowMilli + shadowMilli };
        const served = { ...counts, produced: counts.produced + Math.floor(shadowMilli / 1_000) };
        expect(debtMilli(out)).toBe(debtMilli(counts) + shadowMilli);
        expect(reliabilityOf(out)).toBeLessThanOrEqual(reliabilityOf(counts));
        expect(reliabilityOf(out)).toBeLessThanOrEqual(reliabilityOf(served));
      }),
      runs,
    );
  });
});

const events: fc.Arbitrary<DutyEvent['class']> = fc.constantFrom('PRODUCED', 'NULLIFIED', 'UNRECORDED', 'EMPTY');

describe('I8: classes', () => {
  test('every closed view is settled once or waits, whatever the blocks close', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(events, { maxLength: 40 }), { maxLength: 60 }),
        fc.nat({ max: 64 }),
        (blocks, g) => {
          let views = EMPTY_VIEWS_CELL;
          let [view, counted] = [0, 0];
          const seen = new Set<number>();
          for (const [height, classes] of blocks.entries()) {
            const closed = classes.map((seenClass): DutyEvent => {
              view += 1;
              const weights = [view % 3 === 0 ? 3n : 0n, 0n, 3n, 0n] as const;
              return {
                height,
                epoch: 0,
                view,
                source: idOf(view % 5),
                class: seenClass,
                reasonWeights: weights,
                totalWeight: 7n,
              };
            });
            const result = classifyViews(views, { height, events: closed, graceHeights: g + 1 });
            for (const settled of result.settled) {
              expect(seen.has(settled.view)).toBe(false);
              seen.add(settled.view);
            }
            counted += result.settled.length;
            views = result.views;
            expect(views.pending.length).toBeLessThanOrEqual(PENDING_VIEWS_MAX);
            expect(views.settled + views.pending.length).toBe(views.closed);
            expect(counted + views.storm).toBe(views.settled);
            expect(views.pending.every(({ dueHeight }) => dueHeight > height)).toBe(true);
          }
        },
      ),
      runs,
    );
  });

  test('more views than there is room for are judged early, the oldest first', () => {
    let views = EMPTY_VIEWS_CELL;
    const settled: number[] = [];
    for (let height = 1; height <= PENDING_VIEWS_MAX + 3; height++) {
      const event = { height, epoch: 0, source: idOf(0), reasonWeights: [0n, 0n, 0n, 0n], totalWeight: 1n } as const;
      const closed = (['EMPTY', 'PRODUCED', 'PRODUCED'] as const).map((seen, at) => ({
        ...event,
        view: 3 * height + at,
        class: seen,
      }));
      const result = classifyViews(views, { height, events: closed, graceHeights: 1_024 });
      settled.push(...result.settled.filter(({ counter }) => counter === 'missed').map(({ view }) => view));
      views = result.views;
    }
    expect(views.pending).toHaveLength(PENDING_VIEWS_MAX);
    expect(settled).toEqual([3, 6, 9]);
  });
});

interface Party {
  readonly weight: number;
  readonly cell: Partial<typeof EMPTY_DUTY_CELL>;
  readonly counts: Partial<DutyCounts>;
}

const parties: fc.Arbitrary<readonly Party[]> = fc.array(
  fc.record({
    weight: fc.integer({ min: 1, max: 1_000 }),
    cell: fc.record({
      window: windows,
      reliability: fc.nat({ max: 9_999 }),
      silentEpochs: fc.nat({ max: 5 }),
      dormant: fc.boolean(),
      suspendedUntil: fc.nat({ max: 20 }),
      suspensions: fc.nat({ max: 6 }),
    }),
    counts: fc.record({ missed: fc.nat({ max: 2 }) }),
  }),
  { minLength: 1, maxLength: 40 },
);

describe('I18: the throttle', () => {
  const decide = (all: readonly Party[]) => {
    const candidates = all.map(({ weight }, index): EpochMember => {
      const source = idOf(index);
      return { source, nodeKey: source, vrfKey: source, weight: BigInt(weight) };
    });
    const accounts = all.map(
      ({ cell, counts }, index): Account => ({
        source: idOf(index),
        cell: { ...EMPTY_DUTY_CELL, ...cell },
        counts: { ...EMPTY_DUTY_CELL.open, ...counts },
        leaf: undefined as never,
        silent: false,
      }),
    );
    return selectEligible({ epoch: 12, candidates, accounts, tombstoned: [], parameters: DEFAULT_PARAMETERS });
  };

  test('takes out a tenth of the weight at most at once, a third in all, and leaves four', () => {
    fc.assert(
      fc.property(parties, (all) => {
        const { members, absent } = decide(all);
        const total = all.reduce((sum, { weight }) => sum + BigInt(weight), 0n);
        const wasOut = new Set(
          all.flatMap(({ cell }, index) =>
            cell.dormant || (cell.suspendedUntil ?? 0) > 12 ? [toHex(idOf(index))] : [],
          ),
        );
        const sum = (sources: typeof absent.sources): bigint => sources.reduce((all, { weight }) => all + weight, 0n);
        expect(sum(absent.sources) * 3n).toBeLessThanOrEqual(total);
        expect(sum(absent.sources.filter(({ source }) => !wasOut.has(toHex(source)))) * 10n).toBeLessThanOrEqual(total);
        expect(members.length + absent.sources.length).toBe(all.length);
        expect(members.length).toBeGreaterThanOrEqual(Math.min(4, all.length));
      }),
      runs,
    );
  });

  test('never leaves one out of a net of nine equals, however much all owe', () => {
    fc.assert(
      fc.property(parties, (all) => {
        const equal = all.slice(0, 9).map((party) => ({
          ...party,
          weight: 100,
          cell: { ...party.cell, dormant: false, suspendedUntil: 0 },
        }));
        expect(decide(equal).absent.sources).toEqual([]);
      }),
      runs,
    );
  });
});
