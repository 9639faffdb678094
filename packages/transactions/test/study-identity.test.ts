import { encodeCanonical, hmacSha256, sha256, toHex, utf8 } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { instanceIdOf, isOpeningOf, openingOf, recipientTag, seriesIdOf, studyIdOf, studySalts } from '../src/index.js';
import { idOf, signerOf } from './sample-payloads.js';

const secret = idOf('study secret');

test('salts differ from each other and from the secret', () => {
  const { studySalt, contentSalt, grantSalt } = studySalts(secret);
  expect(new Set([secret, studySalt, contentSalt, grantSalt].map(toHex)).size).toBe(4);
  expect(studySalt).toHaveLength(32);
});

test('a study id depends on source, salt and UID, and is no bare hash of the UID (threat 1)', () => {
  const studyInstanceUid = '1.2.826.0.1.3680043.2.1125.1';
  const { studySalt } = studySalts(secret);
  const id = studyIdOf({ source: idOf('a'), studySalt, studyInstanceUid });
  expect(toHex(studyIdOf({ source: idOf('b'), studySalt, studyInstanceUid }))).not.toBe(toHex(id));
  expect(toHex(studyIdOf({ source: idOf('a'), studySalt: idOf('x'), studyInstanceUid }))).not.toBe(toHex(id));
  expect(toHex(sha256(utf8(studyInstanceUid)))).not.toBe(toHex(id));
  expect(() => studyIdOf({ source: idOf('a'), studySalt, studyInstanceUid: '1.2 ' })).toThrow('UID_INVALID');
});

test('series and instances have names that tell no UID without the salt, each its own', () => {
  const { studySalt } = studySalts(secret);
  const uid = '1.2.826.0.1.3680043.2.1125.1';
  const names = [
    seriesIdOf({ studySalt, seriesInstanceUid: uid }),
    instanceIdOf({ studySalt, sopInstanceUid: uid }),
    seriesIdOf({ studySalt: idOf('x'), seriesInstanceUid: uid }),
    instanceIdOf({ studySalt: idOf('x'), sopInstanceUid: uid }),
    instanceIdOf({ studySalt, sopInstanceUid: `${uid}.1` }),
    sha256(utf8(uid)),
  ];
  expect(new Set(names.map(toHex)).size).toBe(names.length);
  expect(() => seriesIdOf({ studySalt, seriesInstanceUid: '' })).toThrow('UID_INVALID');
  expect(() => instanceIdOf({ studySalt, sopInstanceUid: '1.2 ' })).toThrow('UID_INVALID');
});

test('an opening proves one recipient of one grant', async () => {
  const { grantSalt } = studySalts(secret);
  const { publicKey: recipientKey } = await signerOf('recipient');
  const { publicKey: other } = await signerOf('other');
  const opening = openingOf(grantSalt, recipientKey);
  expect(toHex(opening)).toBe(toHex(hmacSha256(grantSalt, encodeCanonical([1, recipientKey]))));
  const tag = recipientTag(opening, recipientKey);
  expect(isOpeningOf({ opening, recipientKey, tag })).toBe(true);
  expect(isOpeningOf({ opening, recipientKey: other, tag })).toBe(false);
  expect(isOpeningOf({ opening: openingOf(idOf('next era'), recipientKey), recipientKey, tag })).toBe(false);
});
