// What she agreed to is read again as it was shown, from what the wallet keeps.
import { createConsentReceipt, type GrantView, type Overview, type StudyOverview } from '@radledger/wallet';
import { expect, test } from 'vitest';
import { agreementsOf } from '../src/model/agreements.js';
import { type Person, shelfOf } from '../src/model/shelf.js';

const key = new Uint8Array(32).fill(5);
const shown = (shownAtMs: number, text: string) => ({ shownAtMs, language: 'de', text });

/** Somebody whom she allowed several studies, with these receipts. */
function personWith(receipts: readonly (Uint8Array | undefined)[]): Person {
  const studies = receipts.map((receipt, at): StudyOverview => {
    const grant: GrantView = {
      tag: new Uint8Array(32).fill(at),
      status: 'live',
      notAfterMs: 9,
      recipientKey: key,
      noticeDelivered: true,
      isStopping: false,
      isAllowing: false,
      ...(receipt && { receipt }),
    };
    const studyId = new Uint8Array(32).fill(at);
    return { source: key, studyId, role: 'owner', status: 'active', label: `MRI ${at}`, grants: [grant] };
  });
  const overview: Overview = { atMs: 1, studies };
  const [person] = shelfOf(overview, []).people;
  return person as Person;
}

test('each text comes back word for word, newest first', () => {
  const older = shown(5, 'Praxis Rivera möchte Ihre Bilder sehen\nGrund: Zweitmeinung');
  const newer = shown(7, 'Praxis Rivera möchte Ihre Bilder sehen\nGrund: Operation');
  const person = personWith([createConsentReceipt(older), createConsentReceipt(newer)]);
  expect(agreementsOf(person)).toMatchObject([
    { ...newer, share: { study: { label: 'MRI 1' } } },
    { ...older, share: { study: { label: 'MRI 0' } } },
  ]);
});

test('a share that only the ledger remembers has none, and one that cannot be read hides no other', () => {
  const kept = shown(5, 'Praxis Rivera');
  expect(agreementsOf(personWith([undefined]))).toEqual([]);
  expect(agreementsOf(personWith([undefined, new Uint8Array(3), createConsentReceipt(kept)]))).toMatchObject([kept]);
});
