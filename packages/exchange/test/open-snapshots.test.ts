/** Goal: what the archive opened is closed once, whoever reads it and however they leave. Method: an archive that counts. */
import { ImagingError, type StudySnapshot } from '@radledger/imaging';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createOpenSnapshots } from '../src/source/open-snapshots.js';

/** By study: how often it was opened, and how often that was closed. */
const counts = new Map<string, { opened: number; closed: number }>();
const failures: unknown[] = [];
let isAway = false;

const connector = {
  async openStudy(studyInstanceUid: string): Promise<StudySnapshot> {
    const count = counts.get(studyInstanceUid) ?? { opened: 0, closed: 0 };
    counts.set(studyInstanceUid, count);
    count.opened += 1;
    if (isAway) throw new ImagingError({ code: 'ARCHIVE_UNAVAILABLE', reason: 'ECONNREFUSED' }, 'away');
    return {
      studyInstanceUid: studyInstanceUid === 'mixed' ? 'another' : studyInstanceUid,
      instances: [],
      async close() {
        count.closed += 1;
      },
    };
  },
};
const snapshots = () => createOpenSnapshots({ connector, onFailure: (error) => failures.push(error) });
const countOf = (study: string): string => `${counts.get(study)?.opened} opened, ${counts.get(study)?.closed} closed`;

beforeEach(() => {
  vi.useFakeTimers();
  counts.clear();
  failures.length = 0;
  isAway = false;
});
afterEach(() => {
  vi.useRealTimers();
  expect(failures).toEqual([]);
});

test('readers share one opening, one after the other too, until nobody came for 30 s', async () => {
  const shared = snapshots();
  const [a, b] = await Promise.all([shared.open('s', 'c'), shared.open('s', 'c')]);
  a.release(true);
  a.release(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(countOf('s')).toBe('1 opened, 0 closed');
  b.release(true);
  await vi.advanceTimersByTimeAsync(29_999);
  (await shared.open('s', 'c')).release(true);
  await vi.advanceTimersByTimeAsync(29_999);
  expect(countOf('s')).toBe('1 opened, 0 closed');
  await vi.advanceTimersByTimeAsync(1);
  expect(countOf('s')).toBe('1 opened, 1 closed');
});

test('another content, or one that was not read as planned, is opened anew; the old one is closed behind its last reader', async () => {
  const shared = snapshots();
  const [a, b] = await Promise.all([shared.open('s', 'c'), shared.open('s', 'c')]);
  (await shared.open('s', 'amended')).release(true);
  expect(countOf('s')).toBe('2 opened, 0 closed');
  a.release(false);
  const c = await shared.open('s', 'c');
  expect(countOf('s')).toBe('3 opened, 0 closed');
  b.release(true);
  await vi.advanceTimersByTimeAsync(0);
  expect(countOf('s')).toBe('3 opened, 1 closed');
  c.release(false);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(countOf('s')).toBe('3 opened, 3 closed');
});

test('of those that nobody reads eight stay; those that are read do not count', async () => {
  const shared = snapshots();
  const read = await shared.open('read', 'c');
  for (let study = 1; study <= 9; study += 1) (await shared.open(`${study}`, 'c')).release(true);
  await vi.advanceTimersByTimeAsync(0);
  expect(['1', '2', '9', 'read'].map(countOf)).toEqual([
    '1 opened, 1 closed',
    '1 opened, 0 closed',
    '1 opened, 0 closed',
    '1 opened, 0 closed',
  ]);
  shared.close();
  await vi.advanceTimersByTimeAsync(0);
  expect(countOf('9')).toBe('1 opened, 1 closed');
  read.release(true);
  await vi.advanceTimersByTimeAsync(0);
  expect(countOf('read')).toBe('1 opened, 1 closed');
});

test('an opening that fails fails for all who share it, and is tried again by the next', async () => {
  const shared = snapshots();
  isAway = true;
  const both = await Promise.allSettled([shared.open('s', 'c'), shared.open('s', 'c')]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  isAway = false;
  (await shared.open('s', 'c')).release(false);
  await vi.advanceTimersByTimeAsync(0);
  expect(countOf('s')).toBe('2 opened, 1 closed');
  await expect(shared.open('mixed', 'c')).rejects.toMatchObject({ code: 'MIXED_STUDIES' });
  expect(countOf('mixed')).toBe('1 opened, 1 closed');
});
