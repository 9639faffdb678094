// Goal: whichever of her studies at a hospital the keys were left for, the same is said of all of them, and nothing of other hospitals.
import type { SourceStanding } from '@radledger/wallet';
import { expect, test } from 'vitest';
import { addingOf } from '../src/model/adding.js';
import type { Study } from '../src/model/shelf.js';

const id = (byte: number) => new Uint8Array(32).fill(byte);
const standing = (source: number, study: number, link: SourceStanding['link']): SourceStanding => ({
  source: id(source),
  studyId: id(study),
  link,
  keysLeft: 0,
  replacement: undefined,
  issuedAtMs: 0,
});
const study = (byte: number): Study => ({
  id: byte.toString(16).padStart(2, '0').repeat(32),
  studyId: id(byte),
  hospital: 'City Hospital',
  label: undefined,
  state: 'ready',
  actsFor: undefined,
});

test.each([
  ['nothing is known', [], undefined],
  ['no keys were ever left', [standing(1, 1, 'none')], undefined],
  ['keys were left for another study there', [standing(1, 1, 'none'), standing(1, 2, 'active')], 'by-itself'],
  ['the hospital holds back for now', [standing(1, 1, 'paused')], 'by-itself'],
  ['she ended it', [standing(1, 1, 'ended'), standing(1, 2, 'none')], 'not'],
  ['she allowed it again', [standing(1, 1, 'ended'), standing(1, 2, 'active')], 'by-itself'],
  ['only another hospital has keys', [standing(1, 1, 'none'), standing(2, 2, 'active')], undefined],
] as const)('when %s', (_, standings, expected) => {
  expect(addingOf(standings, study(1))).toBe(expected);
});
