// Names that could pass for another are never shown as confirmed.
import { expect, test } from 'vitest';
import { isLookAlike } from '../src/model/look-alike.js';

test.each([
  ['a Cyrillic С in Latin', '\u0421ity Hospital'],
  ['a Greek omicron in Latin', 'City H\u03bfspital'],
  ['a character that turns the text round', 'City\u202e latipsoH'],
  ['a mark of direction', 'City Hospital\u200f'],
  ['a space that is not seen', 'City\u200bHospital'],
])('%s', (_what, name) => {
  expect(isLookAlike(name)).toBe(true);
});

test.each([
  'City Hospital',
  'Hôpital Saint-Louis',
  'Städtisches Klinikum',
  'Городская больница',
  'Γενικό Νοσοκομείο',
  '市立病院 2',
])('%s is plain', (name) => {
  expect(isLookAlike(name)).toBe(false);
});
