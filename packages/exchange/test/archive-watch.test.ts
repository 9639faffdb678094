import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createArchiveWatch } from '../src/source/archive-watch.js';

const study = (instances: number, studyInstanceUid = '2.25.1') => ({ studyInstanceUid, instances });

function watchAt(startMs: number) {
  let nowMs = startMs;
  const watch = createArchiveWatch({ now: () => nowMs, settleMs: 60, purgedMs: 100 });
  return { watch, pass: (ms: number) => void (nowMs += ms) };
}

test('a study settles once, when it has stayed as it is for long enough, and again after each change', () => {
  const { watch, pass } = watchAt(1_000);
  expect(watch.see([study(1)]).settled).toEqual([]);
  pass(59);
  expect(watch.see([study(2)]).settled).toEqual([]);
  expect(watch.isSettled(study(2))).toBe(false);
  pass(60);
  expect(watch.isSettled(study(2))).toBe(true);
  expect(watch.see([study(2)]).settled).toEqual([study(2)]);
  expect(watch.see([study(2)]).settled).toEqual([]);
  pass(1_000);
  expect(watch.see([study(3)]).settled).toEqual([]);
  pass(60);
  expect(watch.see([study(3)]).settled).toEqual([study(3)]);
});

test('a study is purged, until that was dealt with, when it was missing in every listing for long enough; one that came back is new', () => {
  const { watch, pass } = watchAt(1_000);
  watch.see([study(1), study(1, '2.25.2')]);
  pass(1);
  expect(watch.see([study(1, '2.25.2')]).purged).toEqual([]);
  pass(99);
  expect(watch.see([study(1), study(1, '2.25.2')])).toEqual({ settled: [study(1, '2.25.2')], purged: [] });
  pass(60);
  expect(watch.see([study(1), study(1, '2.25.2')]).settled).toEqual([study(1)]);
  expect(watch.see([study(1, '2.25.2')]).purged).toEqual([]);
  pass(100);
  expect(watch.see([study(1, '2.25.2')]).purged).toEqual(['2.25.1']);
  expect(watch.see([study(1, '2.25.2')]).purged).toEqual(['2.25.1']);
  watch.forget('2.25.1');
  expect(watch.see([study(1, '2.25.2')]).purged).toEqual([]);
});

test('whatever an archive does, nothing settles that changed within the time, and nothing is purged that was listed within it', () => {
  const step = fc.record({ ms: fc.nat(40), instances: fc.option(fc.integer({ min: 1, max: 2 }), { nil: undefined }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { watch, pass } = watchAt(0);
      let nowMs = 0;
      let changedMs = 0;
      let listedMs = 0;
      let before: number | undefined;
      for (const { ms, instances } of steps) {
        pass(ms);
        nowMs += ms;
        if (instances !== before && instances !== undefined) changedMs = nowMs;
        if (instances !== undefined) listedMs = nowMs;
        const { settled, purged } = watch.see(instances === undefined ? [] : [study(instances)]);
        if (settled.length > 0) expect(nowMs - changedMs).toBeGreaterThanOrEqual(60);
        if (purged.length > 0) expect(nowMs - listedMs).toBeGreaterThanOrEqual(100);
        before = instances;
      }
    }),
    { seed: 17, numRuns: 500 },
  );
});
