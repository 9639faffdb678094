import { expect, test } from 'vitest';
import { foldReadings } from '../src/model/readings.js';
import type { Chosen, Person, Study } from '../src/model/shelf.js';

const study: Study = {
  id: '11',
  studyId: new Uint8Array(32),
  hospital: 'City Hospital',
  label: 'MRI, knee',
  state: 'ready',
  identity: undefined,
  actsFor: undefined,
};
const reader = new Uint8Array(32).fill(7);
const person: Person = {
  id: '07'.repeat(32),
  name: 'Dr Rivera',
  address: 'lakeside.example',
  reason: 'Second opinion',
  shares: [],
};
const people = [person];
const reading = (
  atMs: number,
  from = reader,
  basis: 'grant' | 'owner' | 'delegate' | 'emergency' = 'grant',
  of: Study = study,
) => ({
  study: of,
  reading: { atMs, reader: from, basis, part: 'file-set', outcome: 'success', bytes: 1, readings: 1 } as const,
});
const NOON = new Date(2026, 10, 20, 12).getTime();

test('a hundred copies of one day are one row with a count, the newest time first', () => {
  const many = Array.from({ length: 100 }, (_, index) => reading(NOON + index));
  const rows = foldReadings([...many, reading(NOON - 86_400_000)], { people, chosen: [] });
  expect(rows.map(({ times, atMs }) => [times, atMs])).toEqual([
    [100, NOON + 99],
    [1, NOON - 86_400_000],
  ]);
  expect(rows[0]?.who).toBe(person);
});

// Regression: one look at twenty images in a viewer was told as twenty-one copies.
test('what a viewer fetches piece by piece is one look, and another one after a pause of more than ten minutes', () => {
  const piece = (part: 'manifest' | 'metadata' | 'instances', afterMs: number, readings = 1) => {
    const { study: of, reading: whole } = reading(NOON + afterMs);
    return { study: of, reading: { ...whole, part, readings } };
  };
  const first = [piece('instances', 1000, 20), piece('metadata', 500), piece('manifest', 0)];
  const timesOf = (all: Parameters<typeof foldReadings>[0]) => foldReadings(all, { people, chosen: [] })[0]?.times;
  expect(timesOf(first)).toBe(1);
  expect(timesOf([piece('instances', 601_000, 20), ...first])).toBe(1);
  expect(timesOf([piece('instances', 601_001, 20), ...first])).toBe(2);
  expect(timesOf([reading(NOON + 1500), ...first])).toBe(2);
});

test('a reader whom nobody allowed is nobody, and she herself is not a stranger', () => {
  const rows = foldReadings(
    [reading(NOON, new Uint8Array(32)), reading(NOON + 1, new Uint8Array(32).fill(1), 'owner')],
    { people, chosen: [] },
  );
  expect(rows.map(({ who }) => who)).toEqual(['self', undefined]);
});

test('what the hospital allowed without her is a row of its own, also of somebody whom she knows', () => {
  const rows = foldReadings([reading(NOON), reading(NOON + 1, reader, 'emergency')], { people, chosen: [] });
  expect(rows.map(({ who, isEmergency, times }) => [who, isEmergency, times])).toEqual([
    [person, true, 1],
    [person, false, 1],
  ]);
});

test('whoever acts for her is not taken for her, nor she for them on their phone', () => {
  const [hers, annas, formers] = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte)) as [
    Uint8Array<ArrayBuffer>,
    Uint8Array<ArrayBuffer>,
    Uint8Array<ArrayBuffer>,
  ];
  const acting: Chosen = {
    id: study.id,
    role: 'delegate',
    name: 'Anna',
    untilMs: NOON,
    studies: [{ study, key: '02'.repeat(32), state: 'done', heldUntilMs: undefined }],
  };
  const read = (of: Study, chosen: readonly Chosen[]) =>
    foldReadings(
      [
        reading(NOON, hers, 'owner', of),
        reading(NOON - 1, annas, 'delegate', of),
        reading(NOON - 2, formers, 'delegate', of),
      ],
      { people, chosen },
    ).map(({ who }) => who);
  const former = { role: 'delegate', name: undefined };
  expect(read(study, [acting])).toEqual(['self', { role: 'delegate', name: 'Anna' }, former]);
  const ofMaria: Study = { ...study, actsFor: { name: 'Maria', untilMs: NOON, key: '02'.repeat(32) } };
  expect(read(ofMaria, [])).toEqual([{ role: 'owner', name: 'Maria' }, 'self', former]);
});
