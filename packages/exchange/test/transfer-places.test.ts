/** How many answers of a source are under way at a time. */
import { request as httpsRequest } from 'node:https';
import { createFolderSource } from '@radledger/imaging/folder';
import { ImagingError, type PacsConnector } from '@radledger/imaging';
import { type Signer, toHex } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { createDicomwebHandler, createIti43Handler } from '../src/http/index.js';
import { createTransferPlaces } from '../src/source/transfer-places.js';
import { ask, outcomeOf, retrieve } from './test-consumer.js';
import { eventually, TestHospital } from './test-hospital.js';
import { signerOf } from './test-ledger.js';
import { allow, publishedStudy } from './test-patient.js';
import { jsonOf, look, signed } from './test-viewer.js';

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

test('who is gone waits no more, and takes no place', async () => {
  const places = createTransferPlaces({ max: 1 });
  const leave = await places.take('a');
  const gone = new AbortController();
  const waiting = places.take('b', gone.signal);
  const next = places.take('c');
  gone.abort();
  expect(await waiting).toBeUndefined();
  leave?.();
  const seat = await next;
  expect(seat).toBeDefined();
  seat?.();
  expect(await places.take('b', gone.signal)).toBeUndefined();
  expect(await places.take('a')).toBeDefined();
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

// Regression: a requester that had given up was served all the same, before those who waited behind it, and stood in the audit trail as one that read.
test('who leaves while it waits is given nothing, and nothing is recorded; the next one has the place', () =>
  withOnePlace(async (hospital, owner, studyId) => {
    const { source } = hospital;
    const leave = await source.dicomweb.places.take('somebody');
    const asked = { waiting: 0, left: 0 };
    const counted =
      <Asked extends unknown[], Got>(ask: (...asked: Asked) => Promise<Got>) =>
      async (...question: Asked): Promise<Got> => {
        asked.waiting += 1;
        return ask(...question).finally(() => (asked.left += 1));
      };
    const { repository, dicomweb } = source;
    hospital.listener.mount(
      createIti43Handler({
        source: { ...source, repository: { ...repository, retrieve: counted(repository.retrieve) } },
        otherPaths: createDicomwebHandler({
          source: {
            ...source,
            dicomweb: {
              ...dicomweb,
              places: {
                take: counted((...taker: Parameters<typeof dicomweb.places.take>) => dicomweb.places.take(...taker)),
              },
            },
          },
          otherPaths: (_request, response) => void response.writeHead(404).end(),
        }),
      }),
    );
    const path = `/dicom-web/studies/${studyId}/file-set`;
    const { hostname, port } = new URL(hospital.listener.url);
    const headers = { ...(await signed(hospital, owner, path)) };
    const viewer = httpsRequest({ hostname, port, path, headers, rejectUnauthorized: false, agent: false });
    viewer.on('error', () => undefined).end();
    const gone = new AbortController();
    const recipient = retrieve(hospital, owner, studyId, undefined, gone.signal);
    await eventually(() => asked.waiting === 2);
    const next = dicomweb.places.take('next');
    viewer.destroy();
    gone.abort();
    await expect(recipient).rejects.toMatchObject({ code: 'ABORTED' });
    await eventually(() => asked.left === 2);
    leave?.();
    expect(await next).toBeDefined();
    expect(hospital.audited).toEqual([]);
    expect(await source.transfers()).toEqual([]);
    for await (const _ of source.disclosures({ fromMs: 0, toMs: Number.MAX_SAFE_INTEGER })) {
      throw new Error('nothing was disclosed');
    }
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
