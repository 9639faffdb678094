// Goal: a study under the recipient's own patient can be filed in several tries, and again with its late images. Method: an archive that, as
// a PACS does, keeps each instance by itself, refuses other bytes under its UID, and breaks off in the middle; time passes between the tries.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ImagingError, type QuarantinedStudy, type StudySink } from '@radledger/imaging';
import { sampleInstance } from '@radledger/imaging/conformance';
import { sha256, toHex } from '@radledger/primitives';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ImageRecipientOptions, matchByHand } from '../src/recipient/index.js';
import { eventually, TestHospital } from './test-hospital.js';
import { allow, DAY_MS, noticeFor, publishedStudy, type TestPatient } from './test-patient.js';

const PAULA = { name: 'Local^Paula', id: 'L-1', birthDate: '19700203', sex: 'F' as const };

let hospital: TestHospital;
let patient: TestPatient;
let requestId: string;
/** Hashes of what the archive holds, by SOP Instance UID. */
let held: Map<string, string>;
/** How many instances it takes before it is gone. */
let takes: number;

beforeEach(async () => {
  hospital = await TestHospital.open();
  patient = await publishedStudy(hospital);
  held = new Map();
  takes = Number.POSITIVE_INFINITY;
});

afterEach(async () => {
  await hospital.close();
});

const hashOf = async (stream: AsyncIterable<Uint8Array>): Promise<string> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return toHex(sha256(Buffer.concat(chunks)));
};

const sink: StudySink = {
  async fileStudy({ instances }: QuarantinedStudy) {
    let written = false;
    for (const [index, instance] of instances.entries()) {
      const { sopInstanceUid } = instance;
      if (index >= takes) throw new ImagingError({ code: 'ARCHIVE_UNAVAILABLE', reason: 'ECONNRESET' }, 'it is gone');
      const hash = await hashOf(instance.open());
      const before = held.get(sopInstanceUid);
      if (before !== undefined && before !== hash) {
        throw new ImagingError({ code: 'STUDY_CONFLICT', instances: 1 }, 'the archive holds other bytes');
      }
      written ||= before === undefined;
      held.set(sopInstanceUid, hash);
    }
    return { location: 'pacs', written };
  },
};

const retrieval = async () => (await hospital.recipient.requestStatus(requestId)).retrievals[0];
const reach = (state: string): Promise<void> => eventually(async () => (await retrieval())?.state === state);

/** Another request for the study, as a practice makes that does not know of the first. */
async function ask(): Promise<void> {
  const { recipient } = hospital;
  const wantedUntilMs = hospital.ledger.nowMs + DAY_MS;
  const request = await recipient.request({ reason: 'second opinion', wantedUntilMs });
  requestId = request.requestId;
  const { sealed } = await noticeFor(hospital.ledger, patient, request.link);
  await recipient.takeNotice(requestId, sealed);
  await hospital.finalizeUntil(async () => (await retrieval())?.state === 'allowed');
}

async function open(options: Partial<ImageRecipientOptions>): Promise<void> {
  const { recipientKey } = await hospital.openRecipient({ ...options, sink });
  await allow(hospital.ledger, patient, recipientKey);
  await ask();
}

async function fetchUntil(state: string): Promise<void> {
  await hospital.recipient.fetch(requestId);
  await reach(state);
}

async function addLateImage(): Promise<void> {
  const { studyInstanceUid } = patient.disclosure;
  const late = { studyInstanceUid, seriesInstanceUid: '2.25.70', sopInstanceUid: '2.25.70.1' };
  await writeFile(join(hospital.archive, 'late.dcm'), sampleInstance(late));
  await hospital.source.amend(studyInstanceUid);
  await hospital.finalizeUntil(async () => (await retrieval())?.changed === true);
}

test('matched by rule: an archive that was gone for a while gets the same bytes, and late images file', async () => {
  await open({ reconcile: () => Promise.resolve(PAULA) });
  takes = 7;
  await fetchUntil('failed');
  expect([(await retrieval())?.code, held.size]).toEqual(['ARCHIVE_UNAVAILABLE', 7]);

  hospital.ledger.nowMs += 5_000;
  takes = Number.POSITIVE_INFINITY;
  await fetchUntil('filed');
  const first = new Map(held);
  expect(first.size).toBe(20);

  await addLateImage();
  hospital.ledger.nowMs += 5_000;
  await fetchUntil('filed');
  expect(held.size).toBe(21);
  expect([...held]).toEqual(expect.arrayContaining([...first]));

  // Regression: a second retrieval wrote its own time, and the archive refused its own study.
  const whole = new Map(held);
  hospital.ledger.nowMs += 5_000;
  await ask();
  await fetchUntil('filed');
  expect(held).toEqual(whole);
});

test('matched by a person: decided again after the archive was gone, and again for late images', async () => {
  await open({ reconcile: matchByHand });
  const decide = async (): Promise<void> => {
    const [study] = await hospital.recipient.quarantine.list();
    await hospital.recipient.quarantine.file(study?.retrievalId ?? '', PAULA);
  };
  await fetchUntil('matching');
  takes = 7;
  await decide();
  await eventually(async () => (await hospital.recipient.quarantine.list())[0]?.code === 'ARCHIVE_UNAVAILABLE');
  await reach('matching');
  expect(held.size).toBe(7);

  hospital.ledger.nowMs += 5_000;
  takes = Number.POSITIVE_INFINITY;
  await decide();
  await reach('filed');
  expect(held.size).toBe(20);

  await addLateImage();
  hospital.ledger.nowMs += 5_000;
  await fetchUntil('matching');
  await decide();
  await reach('filed');
  expect(held.size).toBe(21);

  hospital.ledger.nowMs += 5_000;
  await ask();
  await fetchUntil('matching');
  await decide();
  await reach('filed');
  expect(held.size).toBe(21);
});
