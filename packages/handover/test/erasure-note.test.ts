// Goal: a note says one thing of one source about one study, or it is refused. Method: one good note, and each part of it changed.
import { createSigner, type Signer } from '@radledger/primitives';
import { beforeAll, expect, test } from 'vitest';
import {
  createErasureNote,
  createOwnerRequest,
  decodeErasureNote,
  decodeOwnerRequest,
  ERASED_PARTS,
  ERASURE_NOTE_BYTES_MAX,
  type ErasureNote,
  generateSealingKeyPair,
  openErasureAnswer,
  sealErasureNote,
  STAYING_PARTS,
  verifyErasureNote,
} from '../src/index.js';

const id = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const untilMs = 2 ** 42;
let source: Signer;
let note: ErasureNote;
beforeAll(async () => {
  source = await createSigner(id(5));
  note = {
    chainId: id(1),
    source: source.publicKey,
    studyId: id(3),
    erasedAtMs: 1_800_000_000_000,
    erased: [...ERASED_PARTS],
    stays: STAYING_PARTS.map((what) => ({ what, untilMs })),
  };
});
const expected = () => ({ chainId: id(1), source: source.publicKey, studyId: id(3), signingKey: source.publicKey });

test('the largest note is within its limit, and is read as it was written', async () => {
  const encoded = await createErasureNote(note, source);
  expect(encoded.length).toBeLessThanOrEqual(ERASURE_NOTE_BYTES_MAX);
  expect(await verifyErasureNote(encoded, expected())).toEqual(note);
  const least: ErasureNote = { ...note, erased: ['study'], stays: [{ what: 'ledger', untilMs: undefined }] };
  expect(decodeErasureNote(await createErasureNote(least, source))).toEqual(least);
});

test('a note about something else is not for us; one that another key signed, or that was changed, is no note', async () => {
  const encoded = await createErasureNote(note, source);
  for (const field of ['chainId', 'source', 'studyId'] as const) {
    const other = { ...expected(), [field]: id(9) };
    await expect(verifyErasureNote(encoded, other)).rejects.toMatchObject({ info: { code: 'NOT_FOR_US', field } });
  }
  const forged = await createErasureNote(note, await createSigner(id(6)));
  await expect(verifyErasureNote(forged, expected())).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  for (let at = 0; at < encoded.length; at += 1) {
    const changed = encoded.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    await expect(verifyErasureNote(changed, expected())).rejects.toMatchObject({
      code: expect.stringMatching(/^(MALFORMED_MESSAGE|NOT_FOR_US|SIGNATURE_INVALID)$/),
    });
  }
});

test('parts are named once and in order, and something was erased', async () => {
  const bad: Partial<ErasureNote>[] = [
    { erased: [] },
    { erased: ['claim', 'study'] },
    { erased: ['study', 'study'] },
    { stays: [note.stays[1], note.stays[0]] as ErasureNote['stays'] },
  ];
  for (const change of bad) {
    const made = createErasureNote({ ...note, ...change }, source);
    await expect(made.then(decodeErasureNote)).rejects.toMatchObject({
      code: expect.stringMatching(/MALFORMED_MESSAGE|SCHEMA_MISMATCH/),
    });
  }
  for (const length of [0, 20, ERASURE_NOTE_BYTES_MAX + 1]) {
    expect(() => decodeErasureNote(new Uint8Array(length).fill(0x91))).toThrow(/MALFORMED_MESSAGE/);
  }
});

test('an answer is opened by who asked, for the request that it answers', async () => {
  const encoded = await createErasureNote(note, source);
  const pair = await generateSealingKeyPair();
  const ask = async (timeMs: number) =>
    decodeOwnerRequest(
      await createOwnerRequest({
        ...expected(),
        signer: await createSigner(id(7)),
        sealingKey: pair.publicKey,
        timeMs,
        order: { kind: 'look' },
      }),
    );
  const request = await ask(1);
  const sealed = await sealErasureNote(request, encoded);
  expect(await openErasureAnswer({ request, sealed, sealingKeyPair: pair })).toEqual(encoded);
  const other = { request: await ask(2), sealed, sealingKeyPair: pair };
  await expect(openErasureAnswer(other)).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
});
