// Goal: whatever ends a transfer badly, on either side, leaves no file, socket, worker or timer open and no partial study, and the next request works.
// Method: one hospital and one practice; what the process holds open is compared with what it held before.
import { createReadStream, readdirSync, readlinkSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StudySnapshot } from '@radledger/imaging';
import { ImagingError, inspectInstance } from '@radledger/imaging';
import { createFolderSource } from '@radledger/imaging/folder';
import { randomBytes, toHex } from '@radledger/primitives';
import { instanceIdOf } from '@radledger/transactions';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RequestStatus } from '../src/recipient/index.js';
import { ask, post, retrieve, signedMessage } from './test-consumer.js';
import { liftLimitAfterEach, limitFiles } from './test-disk.js';
import { eventually, TestHospital } from './test-hospital.js';
import { signerOf } from './test-ledger.js';
import { allow, DAY_MS, noticeFor, publishedStudy, type TestPatient } from './test-patient.js';

let hospital: TestHospital;
let patient: TestPatient;
/** What the process holds open when nothing runs. */
let before: readonly string[];
/** What happens in the archive before an instance of this number is read. */
let disturb: (index: number) => Promise<void>;
const undisturbed = async (): Promise<void> => undefined;

beforeAll(async () => {
  hospital = await TestHospital.open();
  await hospital.source.close();
  const folder = createFolderSource({ folder: hospital.archive });
  disturb = undisturbed;
  const openStudy = async (studyInstanceUid: string): Promise<StudySnapshot> => {
    const snapshot = await folder.openStudy(studyInstanceUid);
    const instances = snapshot.instances.map((instance, index) => ({
      ...instance,
      async *open() {
        await disturb(index);
        yield* instance.open();
      },
    }));
    return { ...snapshot, instances };
  };
  await hospital.openSource({ connector: { ...folder, openStudy } });
  patient = await publishedStudy(hospital);
  await openRecipient();
  await allow(hospital.ledger, patient, hospital.recipient.recipientKey);
  await expectNextWorks();
  // What is made once and kept is there now; what is on its way out is gone after some turns.
  before = held();
  for (let turn = 0; turn < 2_000; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = held();
    if (now.length < before.length) before = now;
  }
});
afterAll(() => hospital.close());
liftLimitAfterEach();

const openRecipient = () => hospital.openRecipient({ importLimits: { instanceBytesMax: 3_000_000 } });

async function requestStudy(): Promise<string> {
  const { recipient, ledger } = hospital;
  const { requestId, link } = await recipient.request({ reason: '', wantedUntilMs: ledger.nowMs + DAY_MS });
  await recipient.takeNotice(requestId, (await noticeFor(ledger, patient, link)).sealed);
  await hospital.finalizeUntil(async () => (await retrieval(requestId))?.state === 'allowed');
  return requestId;
}

const retrieval = async (requestId: string): Promise<RequestStatus['retrievals'][number] | undefined> =>
  (await hospital.recipient.requestStatus(requestId)).retrievals[0];

async function fetchToEnd(requestId: string, by?: 'dicomweb') {
  await hospital.recipient.fetch(requestId, { by });
  await eventually(async () => (await retrieval(requestId))?.state !== 'fetching');
  return retrieval(requestId);
}

async function expectNextWorks(): Promise<void> {
  expect(await fetchToEnd(await requestStudy())).toMatchObject({ state: 'filed', code: undefined });
  expect(await readdir(hospital.filed)).toEqual([patient.disclosure.studyInstanceUid]);
  await eventually(async () => (await hospital.recipient.receipts()).every(({ received }) => received !== undefined));
}

/** Descriptors by what they are of, and what keeps the event loop alive. */
function held(): readonly string[] {
  const files = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`).replace(/\[\d+\]/, '')];
    } catch {
      // The descriptor of this very listing.
      return [];
    }
  });
  return [...files, ...process.getActiveResourcesInfo()].toSorted();
}

/** Closing takes turns of the event loop; timers of the waiting itself would count. */
async function expectNothingLeft(): Promise<void> {
  const untilMs = performance.now() + 20_000;
  while (performance.now() < untilMs) {
    if (held().join() === before.join()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(held()).toEqual(before);
}

/** @param spoil - makes the next transfer end badly @returns makes it well again */
type Spoil = () => Promise<() => Promise<void>>;
const well = async (): Promise<void> => hospital.mend();

const cases: readonly [name: string, code: string | RegExp, spoil: Spoil, by?: 'dicomweb'][] = [
  [
    'the line is cut',
    'CONNECTION_LOST',
    async () => {
      hospital.cutDocuments(3_800_000);
      return well;
    },
  ],
  [
    'what comes is no ZIP',
    'INVALID_ZIP',
    async () => {
      hospital.serveInstead({ bytes: randomBytes(50_000) });
      return well;
    },
  ],
  [
    'what comes is another version',
    'CONTENT_MISMATCH',
    async () => {
      hospital.serveInstead({ newDocumentUniqueId: '0'.repeat(64) });
      return well;
    },
  ],
  [
    'an instance never ends',
    'INSTANCE_TOO_LARGE',
    async () => {
      const [file = ''] = await readdir(hospital.archive);
      const { sopInstanceUid } = await inspectInstance(createReadStream(join(hospital.archive, file)));
      const name = toHex(instanceIdOf({ studySalt: patient.disclosure.studySalt, sopInstanceUid }));
      hospital.interceptDicomweb = ({ url = '' }, response) => {
        if (url.endsWith('/manifest')) return false;
        response.writeHead(200, { 'content-type': 'multipart/related; boundary=b' });
        response.write(`--b\r\nContent-Location: /${name}\r\n\r\n`);
        const fill = (): void => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536)));
        };
        response.on('drain', fill).on('error', () => undefined);
        fill();
        return true;
      };
      return async () => {
        hospital.interceptDicomweb = () => false;
      };
    },
    'dicomweb',
  ],
  [
    'the archive dies within the study',
    'CONNECTION_LOST',
    async () => {
      disturb = async (index) => {
        if (index === 7) throw new ImagingError({ code: 'ARCHIVE_UNAVAILABLE', reason: 'ECONNRESET' }, 'it died');
      };
      return async () => {
        disturb = undisturbed;
      };
    },
  ],
  [
    'the study changes while it is sent',
    'CONNECTION_LOST',
    async () => {
      const files = (await readdir(hospital.archive)).map((name) => join(hospital.archive, name));
      const before = await Promise.all(files.map((path) => readFile(path)));
      disturb = async (index) => {
        if (index !== 7) return;
        for (const [at, path] of files.entries()) await writeFile(path, before[at]?.subarray(0, -2) ?? '');
      };
      return async () => {
        disturb = undisturbed;
        for (const [at, path] of files.entries()) await writeFile(path, before[at] ?? '');
      };
    },
  ],
  [
    'the disk is full',
    'FOLDER_UNUSABLE',
    async () => {
      limitFiles(3_800_000);
      return async () => limitFiles('unlimited');
    },
  ],
];

test.each(cases)('%s', async (_name, code, spoil, by) => {
  const requestId = await requestStudy();
  const mend = await spoil();
  expect(await fetchToEnd(requestId, by)).toMatchObject({ state: 'failed', code });
  expect(await readdir(hospital.filed)).toEqual([patient.disclosure.studyInstanceUid]);
  await expectNothingLeft();
  await mend();
  await expectNextWorks();
  await expectNothingLeft();
});

test('the practice is stopped within a transfer, and started again', async () => {
  const requestId = await requestStudy();
  hospital.holdDocuments(1_000_000);
  await hospital.recipient.fetch(requestId);
  await eventually(() => hospital.heldDocuments > 0);
  await hospital.recipient.close();
  hospital.releaseDocuments();
  await openRecipient();
  await eventually(async () => (await retrieval(requestId))?.state === 'filed');
  await expectNextWorks();
  await expectNothingLeft();
});

test('readers who may not, who sign wrongly, and who leave', async () => {
  const studyId = toHex(patient.disclosure.studyId);
  const stranger = await signerOf('stranger');
  const practice = await signerOf('practice');
  expect(await ask(hospital, stranger, studyId)).toBe('XDSDocumentUniqueIdError');
  expect(await ask(hospital, practice, '0'.repeat(64))).toBe('XDSDocumentUniqueIdError');
  const message = Buffer.from(await signedMessage(hospital, practice, studyId)).toString();
  const changed = await post(hospital, Buffer.from(message.replace(studyId, '1'.repeat(64))));
  expect(changed.body).toContain('Fault');
  for (let reader = 0; reader < 3; reader++) {
    const result = await retrieve(hospital, practice, studyId);
    for await (const document of result.documents) {
      for await (const chunk of document.content) if (chunk.length > 0) break;
      break;
    }
    result.close();
  }
  await expectNothingLeft();
  expect(await ask(hospital, practice, studyId)).toMatch(/^served /);
  await expectNextWorks();
  await expectNothingLeft();
});
