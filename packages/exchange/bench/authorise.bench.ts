// Question: does the ledger part of an authorisation (opening, tag, two cached cells, judgement) reach the 50,000 a second
// of the design, and how far is it from the hashes alone that no implementation can avoid?
import type { GrantCell, StudyCell } from '@radledger/chain';
import { hash, hmacSha256, randomBytes } from '@radledger/primitives';
import { openingOf, recipientTag } from '@radledger/transactions';
import { bench, describe } from 'vitest';
import { createPairCache } from '../src/pair-cache.js';
import { readingBasis, tagOf } from '../src/source/authorise.js';

const STUDIES = 10_000;
const NOW_MS = Date.UTC(2026, 0, 5);
const signer = randomBytes(32);
const quota = { units: 0, height: 0 };

const cache = createPairCache();
const studies = Array.from({ length: STUDIES }, () => {
  const studyId = randomBytes(32);
  const grantSalts = [randomBytes(32)];
  const study: StudyCell = {
    owner: randomBytes(32),
    era: 0,
    content: randomBytes(32),
    definedHeight: 1,
    contentHeight: 1,
    retired: undefined,
    delegate: undefined,
    quota,
  };
  const grant: GrantCell = {
    era: 0,
    sequence: 1,
    revoked: false,
    notAfterMs: NOW_MS + 1,
    scope: 0,
    consentReceiptHash: undefined,
    height: 2,
  };
  cache.set(studyId, tagOf({ grantSalts }, 0, signer), { study, grant }, cache.generation());
  return { studyId, grantSalts };
});

describe(`${STUDIES} studies with a grant each, cells cached`, () => {
  let next = 0;
  const salt = randomBytes(32);
  bench('floor: one HMAC-SHA-256 and one SHA-256 over the canonical bytes', () => {
    hash('radledger/recipient/1', hmacSha256(salt, signer), signer);
  });
  bench('opening and tag', () => {
    recipientTag(openingOf(salt, signer), signer);
  });
  bench('ledger part of an authorisation', () => {
    const { studyId, grantSalts } = studies[next++ % STUDIES] as (typeof studies)[number];
    const cells = cache.get(studyId, tagOf({ grantSalts }, 0, signer));
    if (cells === undefined) throw new Error('not cached');
    const basis = readingBasis({ cells, era: 0, signer, finalizedTimestampMs: NOW_MS, nowMs: NOW_MS });
    if (basis !== 'grant') throw new Error('not granted');
  });
});
