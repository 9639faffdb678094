// A name that could be taken for one she knows is said to be another's; her own people and her hospital itself are not doubted.
import { toHex } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { consentText, proofLines } from '../src/model/consent-text.js';
import { knownLike } from '../src/model/known-names.js';
import type { Origin } from '../src/model/session.js';
import type { Person, Study } from '../src/model/shelf.js';
import { en } from '../src/texts/en.js';

const rivera = new Uint8Array(32).fill(7);
const stranger = new Uint8Array(32).fill(8);
const study: Study = {
  id: '11',
  studyId: new Uint8Array(32),
  hospital: 'City Hospital',
  label: 'MRI, knee',
  state: 'ready',
  identity: undefined,
  actsFor: undefined,
};
const person: Person = {
  id: toHex(rivera),
  name: 'Dr Rivera, Modern Clinic',
  address: 'modern-clinic.example',
  reason: undefined,
  shares: [],
};
const shelf = { people: [person], studies: [study] };
const originOf = (displayName: string): Origin => ({
  who: 'other.example',
  displayName,
  proof: 'address',
  proven: { kind: 'https', host: 'other.example' },
});

test.each([
  ['the very same', 'Dr Rivera, Modern Clinic'],
  ['rn for m', 'Dr Rivera, Modem Clinic'],
  ['a digit for a letter', 'Dr R1vera, M0dern Clinic'],
  ['l for i', 'Dr Rivera, Modern Clinlc'],
  ['an accent', 'Dr Rívera, Modern Clinic'],
  ['added spaces and other dots', 'Dr.  Rivera - Modern  Clinic'],
  ['other capitals', 'DR RIVERA, MODERN CLINIC'],
])('%s', (_what, name) => {
  expect(knownLike(shelf, stranger, originOf(name))).toBe(person.name);
  expect(knownLike(shelf, rivera, originOf(name))).toBeUndefined();
});

test.each(['Dr Riviera, Modern Clinic', 'Dr Rivera', 'Modern Clinic', 'Городская больница', ''])(
  '%s is another',
  (name) => {
    expect(knownLike(shelf, stranger, originOf(name))).toBeUndefined();
  },
);

test('her hospital is itself where the network names it, and nobody else is', () => {
  const proven = { kind: 'source', source: new Uint8Array(32), name: 'City Hospital', host: 'city.example' } as const;
  const hospital: Origin = { who: 'City Hospital', displayName: '', proof: 'attested', proven };
  expect(knownLike(shelf, stranger, hospital)).toBeUndefined();
  expect(knownLike(shelf, stranger, originOf('City Hospita1'))).toBe('City Hospital');
  const other = { ...hospital, displayName: 'City Hospital', proven: { ...proven, name: 'Elsewhere' } };
  expect(knownLike(shelf, stranger, other)).toBe('City Hospital');
});

test('the warning stands after what was proven and what she calls herself, and in what is kept', () => {
  const origin = originOf('Dr R1vera, Modern Clinic');
  const known = knownLike(shelf, stranger, origin);
  const lines = proofLines(en, origin, known);
  expect(lines).toEqual([
    'Confirmed: other.example',
    'Not confirmed: they call themselves Dr R1vera, Modern Clinic. Nobody has checked that name.',
    'Take care: you know Dr Rivera, Modern Clinic, and this does not come from there. Only continue if you are sure who asks.',
  ]);
  const text = consentText({ texts: en, study, origin, known, reason: 'check', until: '1 May 2027' });
  for (const line of lines) expect(text).toContain(line);
});
