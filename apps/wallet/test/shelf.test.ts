// How far a role that she gave is, and what of it each phone shows: from what the ledger said last and what is not done yet.
import type { Overview, PendingView, StudyOverview } from '@radledger/wallet';
import { expect, test } from 'vitest';
import { actingIn, shelfOf } from '../src/model/shelf.js';

const atMs = 1_000_000;
const laterMs = atMs + 86_400_000;
const key = new Uint8Array(32).fill(5);
const base = {
  source: new Uint8Array(32),
  studyId: new Uint8Array(32).fill(1),
  role: 'owner',
  status: 'active',
  label: 'MRI, knee',
  grants: [],
} as const satisfies StudyOverview;
const delegate = { key, notAfterMs: laterMs };
const asDelegate = { role: 'delegate', key, name: 'Anna', notAfterMs: laterMs } as const;
const asOwner = { ...asDelegate, role: 'owner', notAfterMs: 0 } as const;

const todo = (kind: PendingView['kind'], changes: Partial<PendingView> = {}): PendingView => ({
  kind,
  source: base.source,
  studyId: base.studyId,
  state: 'waiting',
  askedAtMs: atMs,
  nextTryAtMs: laterMs,
  isHeldBack: false,
  ...changes,
});
const shelf = (study: Partial<StudyOverview>, pending: readonly PendingView[] = []) => {
  const overview: Overview = { atMs, studies: [{ ...base, ...study }] };
  return shelfOf(overview, pending);
};

test.each([
  ['waits', { given: asDelegate }, [todo('delegate')], 'waiting', 1],
  ['was sent', { given: asDelegate }, [todo('delegate', { state: 'sent' })], 'waiting', 1],
  ['cannot be', { given: asDelegate }, [todo('delegate', { state: 'refused' })], 'refused', 0],
  ['is', { given: asDelegate, delegate }, [], 'done', 1],
  ['is being ended', { given: asDelegate, delegate }, [todo('end-delegate')], 'ending', 1],
  ['has ended by itself', { given: asDelegate, delegate: { key, notAfterMs: atMs } }, [], 'ended', 0],
  ['was ended', { given: asDelegate }, [], 'ended', 0],
] as const)('a delegate that %s', (_, study, pending, state, acting) => {
  const shown = shelf(study, pending);
  expect(shown.chosen).toMatchObject([{ role: 'delegate', name: 'Anna', studies: [{ state }] }]);
  expect(actingIn(shown)).toHaveLength(acting);
  expect(shown.studies).toMatchObject([{ state: 'ready', actsFor: undefined }]);
});

test('a delegate whom the ledger names and her phone does not know has no name', () => {
  const other = { key: new Uint8Array(32).fill(6), notAfterMs: laterMs };
  for (const given of [asDelegate, undefined]) {
    const { chosen } = shelf({ delegate: other, ...(given && { given }) });
    expect(chosen).toMatchObject([{ name: undefined, studies: [{ state: 'done' }] }]);
  }
});

test.each([
  ['waits', { given: asOwner }, [todo('move')], 'waiting', 'handing-over'],
  ['is held back', { given: asOwner }, [todo('move', { isHeldBack: true })], 'waiting', 'handing-over'],
  ['cannot be', { given: asOwner }, [todo('move', { state: 'refused' })], 'refused', 'ready'],
  ['is done', { given: asOwner, status: 'moved-away' }, [], 'done', 'handed-over'],
] as const)('a hand-over that %s', (_, study, pending, state, ofStudy) => {
  const shown = shelf(study, pending);
  expect(shown.chosen).toMatchObject([{ role: 'owner', name: 'Anna', studies: [{ state }] }]);
  expect(shown.chosen[0]?.studies[0]?.heldUntilMs).toBe(pending[0]?.isHeldBack === true ? laterMs : undefined);
  expect(shown.studies).toMatchObject([{ state: ofStudy }]);
  expect(actingIn(shown)).toEqual([]);
});

test('one person with several studies is one', () => {
  const second = { ...base, studyId: new Uint8Array(32).fill(2), given: asDelegate, delegate };
  const { chosen } = shelfOf({ atMs, studies: [{ ...base, given: asDelegate, delegate }, second] }, []);
  expect(chosen).toMatchObject([{ name: 'Anna', studies: [{ state: 'done' }, { state: 'done' }] }]);
});

test('two people of one name are two, and so are two whom only the ledger knows', () => {
  const second = { ...base, studyId: new Uint8Array(32).fill(2) };
  const until = laterMs + 86_400_000;
  const other = { given: { ...asDelegate, notAfterMs: until }, delegate: { key, notAfterMs: until } };
  const named = shelfOf(
    {
      atMs,
      studies: [
        { ...base, given: asDelegate, delegate },
        { ...second, ...other },
      ],
    },
    [],
  );
  expect(named.chosen).toMatchObject([
    { name: 'Anna', untilMs: laterMs, studies: [{ state: 'done' }] },
    { name: 'Anna', untilMs: until, studies: [{ state: 'done' }] },
  ]);
  const unnamed = shelfOf(
    {
      atMs,
      studies: [
        { ...base, delegate },
        { ...second, delegate },
      ],
    },
    [],
  );
  expect(unnamed.chosen.map(({ id }) => id)).toEqual(['01'.repeat(32), '02'.repeat(32)]);
  expect(actingIn(unnamed, '02'.repeat(32))).toMatchObject([{ id: '02'.repeat(32) }]);
});

test.each([
  ['acts', { status: 'active', delegate }, 'ready'],
  ['acted until a day', { status: 'active', delegate: { key, notAfterMs: atMs } }, 'gone'],
  ['was ended', { status: 'moved-away' }, 'gone'],
] as const)('on the phone of who %s', (_, study, state) => {
  const shown = shelf({ role: 'delegate', from: 'Maria', ...study });
  expect(shown.studies).toMatchObject([{ state, actsFor: { name: 'Maria' } }]);
  expect(shown.chosen).toEqual([]);
});
