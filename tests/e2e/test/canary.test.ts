// Goal: what tells who a patient is stands nowhere but in the images, the orders, the worklist and her own note: in no log, no audit trail, no database, no file of the ledger, no wallet.
// Method: a study full of canaries goes its whole way by real processes, refusals and unreadable files included; then every file that anybody wrote is searched.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { freshUid, type LocalNet, openPatient, startLocalNet, whenFiled } from '@radledger/devnet';
import { createDicomwebClient } from '@radledger/client';
import { signHttpRequest } from '@radledger/handover';
import { sampleInstance } from '@radledger/imaging/testing';
import { fromHex } from '@radledger/primitives';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

const DAY_MS = 86_400_000;
const NAME = 'ZEBRAFINCH^OTTOLINE';
const PATIENT_ID = 'PID-7731-QUOKKA';
const LABEL = 'Capybara of the knee';
const FILE_NAME = 'ZEBRAFINCH_OTTOLINE_19610407';
const UIDS = { studyInstanceUid: freshUid(), seriesInstanceUid: freshUid(), sopInstanceUid: freshUid() };
const ACCESSION_NUMBER = 'ACC-7731-NUMBAT';
const CANARIES = ['ZEBRAFINCH', 'OTTOLINE', PATIENT_ID, ACCESSION_NUMBER, LABEL, ...Object.values(UIDS)];
const ORDER = [
  'MSH|^~\\&|RIS|H|GW|H|20261128||ORM^O01|1|P|2.3.1',
  `PID|||${PATIENT_ID}||${NAME}||19610407`,
  'ORC|NW|P1|F1',
  `OBR|1|P1|F1|K^${LABEL}||||||||||||||${ACCESSION_NUMBER}`,
  `ZDS|${UIDS.studyInstanceUid}`,
].join('\r');
const ARCHIVES = {
  hospital: 'folder = "archive"\n[source.orders]\nlookSeconds = 1\n[source.orders.hl7]\nfolder = "orders"\n',
  practice: 'folder = "received"\n',
};

let folder: string;
let net: LocalNet;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'radledger-canary-'));
  net = await startLocalNet(folder, { onStarted: () => undefined, archives: ARCHIVES });
}, 120_000);
afterAll(async () => {
  await net.stop();
  await rm(folder, { recursive: true });
});

test('no artefact of a run names the patient or holds an identifier of the study', async () => {
  const { hospital, practice, patient: cast, node } = net.cast;
  await rm(hospital.archive, { recursive: true });
  await mkdir(hospital.archive);
  const image = sampleInstance({ ...UIDS, patient: { name: NAME, id: PATIENT_ID } });
  await writeFile(join(hospital.archive, `${FILE_NAME}.dcm`), image);
  const { txId } = await hospital.operator.defineSource({ name: 'City Hospital', ...hospital.keyProofs });
  await node.waitForFinalized(txId);

  // What was ordered comes by a file, and another that cannot be read.
  const orders = join(hospital.archive, '..', 'orders');
  await mkdir(orders);
  await writeFile(join(orders, `${FILE_NAME}.hl7`), ORDER);
  await writeFile(join(orders, `${FILE_NAME}_broken.hl7`), ORDER.replace('ORM^O01', 'ADT^A01'));
  const isKnown = async (): Promise<boolean> => (await hospital.operator.worklist())[0]?.orders.length === 1;
  await vi.waitFor(async () => expect(await isKnown()).toBe(true), 60_000);

  // Her way: invited, claimed, allowed, fetched, stopped.
  const { studyInstanceUid } = UIDS;
  const patient = await openPatient({ ...cast, folder: join(cast.folder, 'phone') });
  const studyId = await patient.claim(await hospital.operator.invite({ studyInstanceUid, label: LABEL }));
  const wantedUntilMs = Date.now() + 30 * DAY_MS;
  const request = await practice.operator.request({ reason: 'Second opinion', wantedUntilMs });
  const { tag } = await patient.allow(studyId, request.link);
  await whenFiled(practice.operator, request.requestId);

  // The same by DICOMweb: read, and asked for in vain by what no address may hold.
  const { api } = net.network.sources[0] as (typeof net.network.sources)[0];
  const viewer = createDicomwebClient({ url: api, signer: practice.recipient });
  const study = fromHex(studyId);
  expect(JSON.stringify(await viewer.metadata({ studyId: study }))).toContain(PATIENT_ID);
  expect(await viewer.studies([study, new Uint8Array(32)])).toHaveLength(1);
  expect(JSON.stringify(await viewer.imagingStudy(study))).toContain(studyInstanceUid);
  for (const path of [`/dicom-web/studies?PatientName=${NAME}`, `/dicom-web/studies/${studyInstanceUid}/metadata`]) {
    const url = new URL(api + path).href;
    const headers = await signHttpRequest({ method: 'GET', url, signer: practice.recipient, nowMs: Date.now() });
    expect([400, 404]).toContain((await fetch(url, { headers: { ...headers } })).status);
    expect((await fetch(url)).status).toBe(401);
  }

  // A file that changed breaks the next transfer off; another cannot be read at all.
  await writeFile(join(hospital.archive, `${FILE_NAME}.dcm`), image.subarray(0, image.length - 2));
  await writeFile(join(hospital.archive, `${FILE_NAME}_broken.dcm`), image.subarray(0, 200));
  await expect(viewer.metadata({ studyId: study })).rejects.toThrow();
  const again = await practice.operator.request({ reason: 'Follow-up', wantedUntilMs });
  await patient.allow(studyId, again.link);
  await expect(whenFiled(practice.operator, again.requestId)).rejects.toMatchObject({ code: 'STORY_BROKEN' });
  await expect(hospital.operator.invite({ studyInstanceUid: freshUid(), label: LABEL })).rejects.toThrow();
  await patient.revoke(studyId, tag);
  await net.stop();

  const files = await filesBelow(folder);
  const isOfImages = (file: string): boolean => /^(hospital\/(archive|orders)|practice\/received)\//.test(file);
  const found: string[] = [];
  for (const file of files) {
    const content = await readFile(join(folder, file));
    for (const form of CANARIES.flatMap(formsOf)) if (content.includes(form)) found.push(`${file}: ${String(form)}`);
    if (CANARIES.some((canary) => file.includes(canary))) found.push(`${file}: its name`);
  }
  expect(found.filter((where) => !isOfImages(where))).toEqual([]);
  // The search finds what is there: images and orders themselves.
  expect(found.filter(isOfImages).length).toBeGreaterThan(CANARIES.length);
  expect(files.filter((file) => !isOfImages(file)).length).toBeGreaterThan(20);
}, 300_000);

/** As text, as UTF-16 and as base64 at each of the three offsets. */
function formsOf(canary: string): readonly Buffer[] {
  const inner = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), Buffer.from(canary)]).toString('base64');
    return Buffer.from(encoded.slice(4, -4));
  });
  return [
    Buffer.from(canary),
    Buffer.from(canary, 'utf16le'),
    Buffer.from(Buffer.from(canary).toString('hex')),
    ...inner,
  ];
}

async function filesBelow(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(root, join(entry.parentPath, entry.name)));
}
