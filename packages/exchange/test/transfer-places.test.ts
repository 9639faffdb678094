/** How many answers of a source are under way at a time. */
import { createFolderSource } from '@radledger/imaging/folder';
import { ImagingError, type PacsConnector } from '@radledger/imaging';
import { type Signer, toHex } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { createTransferPlaces } from '../src/source/transfer-places.js';
import { ask, outcomeOf, retrieve } from './test-consumer.js';
import { eventually, TestHospital } from './test-hospital.js';
import { signerOf } from './test-ledger.js';
import { allow, publishedStudy } from './test-patient.js';
import { jsonOf, look } from './test-viewer.js';

test('one key has an eighth of the places; a place that is given back goes to who waits longest and has room', async () => {
  const places = createTransferPlaces({ max: 16 });
  const [first] = [await places.take('a'), await places.take('a')];
  const seated: string[] = [];
  const wait = async (signer: string): Promise<(() => void) | undefined> => {
    const leave = await places.take(signer);
    seated.push(signer);
    return leave;
  };
  const third = wait('a');
  const others = await Promise.all(Array.from({ length: 14 }, (_, index) => places.take(`other ${index}`)));
  const late = wait('late');
  others[0]?.();
  expect(await late).toBeDefined();
  first?.();
  first?.();
  expect(await third).toBeDefined();
  expect(seated).toEqual(['late', 'a']);
  const more = wait('more');
  others[1]?.();
  await more;
  expect(seated).toEqual(['late', 'a', 'more']);
});

test('who waits too long gets none, and takes none when one is free later', async () => {
  const places = createTransferPlaces({ max: 1, waitMs: 1 });
  const leave = await places.take('a');
  expect(await places.take('b')).toBeUndefined();
  leave?.();
  expect(await places.take('c')).toBeDefined();
});

async function withOnePlace(run: (hospital: TestHospital, owner: Signer, studyId: string) => Promise<void>) {
  const hospital = await TestHospital.open();
  try {
    const { owner, disclosure } = await publishedStudy(hospital);
    await hospital.source.close();
    await hospital.openSource({ transfersMax: 1 });
    await run(hospital, owner, toHex(disclosure.studyId));
  } finally {
    await hospital.close();
  }
}

// Regression: a key with one grant could have as many streams open as it liked, each with connections to the archive.
test('who comes when all places are taken waits; an end of any kind gives the place back', () =>
  withOnePlace(async (hospital, owner, studyId) => {
    hospital.holdDocuments();
    const held = await retrieve(hospital, owner, studyId);
    const reading = outcomeOf(held);
    await eventually(() => hospital.heldDocuments > 0);
    const { repository } = hospital.source;
    const documents = [studyId, `${studyId}.manifest`].map((documentUniqueId) => ({
      repositoryUniqueId: toHex(hospital.source.source),
      documentUniqueId,
    }));
    let isPromised = false;
    const waiting = repository
      .retrieve({ signer: toHex(owner.publicKey), messageId: 'waits', documents })
      .finally(() => (isPromised = true));
    // Refusals need no place.
    const unknown = '0'.repeat(64);
    expect(await ask(hospital, owner, unknown)).toBe('XDSDocumentUniqueIdError');
    expect(jsonOf(await look(hospital, owner, `/dicom-web/studies?studyId=${unknown}`))).toEqual([]);
    expect(isPromised).toBe(false);
    held.close();
    await reading.catch(() => undefined);
    // The requester is gone; the answer ends when what it reads gives its next bytes.
    await eventually(() => {
      hospital.releaseDocuments();
      return isPromised;
    });
    // Never opened, as when the connection broke before: still given back.
    for (const answer of await waiting) if (answer.kind === 'document') await answer.close?.();
    expect((await look(hospital, owner, `/dicom-web/studies/${studyId}/manifest`)).status).toBe(200);
    expect(await ask(hospital, owner, studyId)).toMatch(/^served /);
  }));

/** An archive that has three connections, two of them for readers: a fourth read finds none. */
function smallArchive(folder: string) {
  const whole = createFolderSource({ folder });
  const reads = { underWay: 0, most: 0 };
  async function* read(stored: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    if (reads.underWay === 3) throw new ImagingError({ code: 'ARCHIVE_UNAVAILABLE', reason: 'BUSY' }, 'all are taken');
    reads.underWay += 1;
    reads.most = Math.max(reads.most, reads.underWay);
    try {
      yield* stored;
    } finally {
      reads.underWay -= 1;
    }
  }
  const connector: PacsConnector = {
    ...whole,
    readsMax: 2,
    async openStudy(studyInstanceUid) {
      const snapshot = await whole.openStudy(studyInstanceUid);
      const instances = snapshot.instances.map((one) => ({ ...one, open: () => read(one.open()) }));
      return { ...snapshot, instances };
    },
  };
  return { connector, reads };
}

// Regression: a source promised 256 answers whatever its archive can do: one key held each connection, and everybody else's answers broke off.
test('one key does not hold all that an archive gives to read at a time', async () => {
  const hospital = await TestHospital.open();
  try {
    const patient = await publishedStudy(hospital);
    const practice = await signerOf('practice');
    await allow(hospital.ledger, patient, practice.publicKey);
    await hospital.ledger.finalize();
    await hospital.source.close();
    const { connector, reads } = smallArchive(hospital.archive);
    await hospital.openSource({ connector });
    const documents = [
      { repositoryUniqueId: toHex(hospital.source.source), documentUniqueId: toHex(patient.disclosure.studyId) },
    ];
    const held: AsyncIterator<Uint8Array>[] = [];
    /** Begins an answer, and takes nothing more of it. */
    const slow = async (messageId: string): Promise<() => Promise<void>> => {
      const request = { signer: toHex(patient.owner.publicKey), messageId, documents };
      const [answer] = await hospital.source.repository.retrieve(request);
      if (answer?.kind !== 'document') throw new Error('expected a document');
      const chunks = answer.open()[Symbol.asyncIterator]();
      for (let chunk = 0; chunk < 4; chunk += 1) await chunks.next();
      held.push(chunks);
      return async () => {
        await chunks.return?.();
        await answer.close?.();
      };
    };
    const ends = ['1', '2', '3'].map(slow);
    await eventually(() => held.length > 0);
    expect(reads.underWay).toBeGreaterThan(0);
    expect(await ask(hospital, practice, toHex(patient.disclosure.studyId))).toMatch(/^served /);
    expect(held).toHaveLength(1);
    expect(reads.most).toBe(2);
    for (const end of ends) await (await end)();
  } finally {
    await hospital.close();
  }
});
