/** The two pure judgements about cells: who may read, and what has become of a suspension. */
import type { GrantCell, StudyCell } from '@radledger/chain';
import { randomBytes, type Signer, toHex } from '@radledger/primitives';
import { createTransaction, signMoveAcceptance } from '@radledger/transactions';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { judgeSuspension, readingBasis } from '../src/source/index.js';
import { readDocumentUniqueId } from '../src/source/authorise.js';
import { signerOf } from './test-ledger.js';

const NOW_MS = Date.UTC(2026, 0, 5);
let owner: Signer;
let delegate: Signer;
let practice: Signer;
let hospital: Signer;

beforeAll(async () => {
  [owner, delegate, practice, hospital] = (await Promise.all(
    ['owner', 'delegate', 'practice', 'hospital'].map(signerOf),
  )) as [Signer, Signer, Signer, Signer];
});

function studyCell(change: Partial<StudyCell> = {}): StudyCell {
  return {
    owner: owner.publicKey,
    era: 0,
    content: new Uint8Array(32),
    definedHeight: 1,
    contentHeight: 1,
    retired: undefined,
    delegate: { key: delegate.publicKey, notAfterMs: NOW_MS + 10 },
    quota: { units: 0, height: 0 },
    ...change,
  };
}

function grantCell(change: Partial<GrantCell> = {}): GrantCell {
  const rest = { scope: 0, consentReceiptHash: undefined, height: 2 };
  return { era: 0, sequence: 5, revoked: false, notAfterMs: NOW_MS + 10, ...rest, ...change };
}

describe('readingBasis', () => {
  const judge = (
    signer: Signer,
    cells: { study: StudyCell | undefined; grant: GrantCell | undefined },
    time: { era?: number; finalizedTimestampMs?: number; nowMs?: number } = {},
  ) => readingBasis({ cells, signer: signer.publicKey, era: 0, finalizedTimestampMs: NOW_MS, nowMs: NOW_MS, ...time });

  test('owner, delegate and grant', () => {
    const cells = { study: studyCell(), grant: undefined };
    expect(judge(owner, cells)).toBe('owner');
    expect(judge(delegate, cells)).toBe('delegate');
    expect(judge(practice, cells)).toBeUndefined();
    expect(judge(practice, { study: studyCell(), grant: grantCell() })).toBe('grant');
  });

  test('each end: by either clock, by revocation, by era, by retirement, by absence', () => {
    const cells = { study: studyCell(), grant: grantCell() };
    for (const late of [{ nowMs: NOW_MS + 10 }, { finalizedTimestampMs: NOW_MS + 10 }]) {
      expect(judge(practice, cells, late)).toBeUndefined();
      expect(judge(delegate, cells, late)).toBeUndefined();
      expect(judge(owner, cells, late)).toBe('owner');
    }
    expect(judge(practice, { ...cells, grant: grantCell({ revoked: true }) })).toBeUndefined();
    expect(judge(practice, { ...cells, study: studyCell({ era: 1 }) })).toBeUndefined();
    expect(judge(practice, { study: studyCell({ era: 1 }), grant: grantCell({ era: 1 }) })).toBeUndefined();
    expect(judge(practice, { study: studyCell({ era: 1 }), grant: grantCell({ era: 1 }) }, { era: 1 })).toBe('grant');
    const retired = studyCell({ retired: { reason: 'other', height: 3 } });
    for (const signer of [owner, delegate, practice]) {
      expect(judge(signer, { study: retired, grant: grantCell() })).toBeUndefined();
      expect(judge(signer, { study: undefined, grant: grantCell() })).toBeUndefined();
    }
  });
});

describe('judgeSuspension', () => {
  const chainId = randomBytes(32);
  const studyId = randomBytes(32);
  const revoke = (signer: Signer, sequence: number) =>
    createTransaction({
      chainId,
      kind: 'revoke-access',
      signer,
      expiryHeight: 0,
      payload: { source: hospital.publicKey, studyId, tag: randomBytes(32), sequence },
    });
  const at = (study: StudyCell | undefined, grant: GrantCell | undefined, height = 1_000_000) => ({
    study,
    grant,
    height,
    signingKey: hospital.publicKey,
  });

  test('a revocation holds until its sequence is reached, whatever the height', async () => {
    const six = await revoke(owner, 6);
    expect(judgeSuspension(six, at(studyCell(), grantCell({ sequence: 5 })))).toBe('holds');
    expect(judgeSuspension(six, at(studyCell(), undefined))).toBe('holds');
    expect(judgeSuspension(six, at(studyCell(), grantCell({ sequence: 6, revoked: true })))).toBe('finalized');
    expect(judgeSuspension(six, at(studyCell(), grantCell({ sequence: 7 })))).toBe('overtaken');
    expect(judgeSuspension(await revoke(delegate, 6), at(studyCell(), grantCell()))).toBe('holds');
    expect(judgeSuspension(await revoke(delegate, 6), at(studyCell({ delegate: undefined }), grantCell()))).toBe(
      'overtaken',
    );
    expect(judgeSuspension(await revoke(practice, 6), at(studyCell(), grantCell()))).toBe('overtaken');
    expect(judgeSuspension(six, at(undefined, undefined))).toBe('overtaken');
  });

  test('Move Owner and Retire Study hold until they have taken effect, cannot any more, or expired', async () => {
    const source = hospital.publicKey;
    const acceptance = await signMoveAcceptance({ chainId, source, studyId, newOwner: practice });
    const payload = { source, studyId, newOwner: practice.publicKey, acceptance };
    const move = await createTransaction({ chainId, kind: 'move-owner', signer: owner, expiryHeight: 9, payload });
    expect(judgeSuspension(move, at(studyCell(), undefined, 8))).toBe('holds');
    expect(judgeSuspension(move, at(studyCell(), undefined, 9))).toBe('expired');
    expect(judgeSuspension(move, at(studyCell({ owner: practice.publicKey, era: 1 }), undefined, 8))).toBe('overtaken');
    const retire = (signer: Signer) =>
      createTransaction({
        chainId,
        kind: 'retire-study',
        signer,
        expiryHeight: 9,
        payload: { source, studyId, reason: 'other' },
      });
    expect(judgeSuspension(await retire(hospital), at(studyCell(), undefined, 8))).toBe('holds');
    expect(judgeSuspension(await retire(hospital), at(studyCell(), undefined, 9))).toBe('expired');
    expect(judgeSuspension(await retire(owner), at(studyCell(), undefined, 8))).toBe('overtaken');
    const retired = studyCell({ retired: { reason: 'other', height: 3 } });
    expect(judgeSuspension(await retire(hospital), at(retired, undefined, 8))).toBe('overtaken');
  });
});

test('every documentUniqueId names something, and only the exact form names a study', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 256 }), (id) => {
      expect(readDocumentUniqueId(id).studyId).toHaveLength(32);
    }),
    { seed: 2 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (studyId) => {
      const id = toHex(studyId);
      expect(readDocumentUniqueId(id)).toEqual({ studyId, part: 'file-set' });
      expect(readDocumentUniqueId(`${id}.manifest`)).toEqual({ studyId, part: 'manifest' });
      for (const other of [`${id} `, ` ${id}`, id.slice(1), `${id}0`, `${id}.Manifest`, `${id}\n`, `A${id.slice(1)}`]) {
        expect(readDocumentUniqueId(other).studyId).not.toEqual(studyId);
      }
    }),
    { seed: 2 },
  );
});
