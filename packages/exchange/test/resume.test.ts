// Goal: a transfer that broke goes on with what arrived whole; nothing of it is believed, nothing is filed before all of it is what the ledger says, and nothing stays for longer than it may.
// Method: a hospital and a practice over real TLS; the line is cut, the source lies, the disk is changed.
import type { ServerResponse } from 'node:http';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspectInstance, type Manifest } from '@radledger/imaging';
import { sampleInstance } from '@radledger/imaging/conformance';
import { createFolderSink, createFolderSource } from '@radledger/imaging/folder';
import { toHex } from '@radledger/primitives';
import { encodeManifest, instanceIdOf } from '@radledger/transactions';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RequestStatus } from '../src/recipient/index.js';
import { liftLimitAfterEach, limitFiles } from './test-disk.js';
import { eventually, TestHospital } from './test-hospital.js';
import type { TestLedger } from './test-ledger.js';
import { allow, createRevoke, DAY_MS, noticeFor, publishedStudy, type TestPatient } from './test-patient.js';

let hospital: TestHospital;
let ledger: TestLedger;
let patient: TestPatient;
let request: { requestId: string; link: string };
/** Paths below the study that were asked for over DICOMweb. */
let asked: string[];

beforeEach(async () => {
  hospital = await TestHospital.open();
  ledger = hospital.ledger;
  patient = await publishedStudy(hospital);
  asked = [];
  hospital.interceptDicomweb = ({ url = '' }) => {
    asked.push(url.split('/').slice(4).join('/'));
    return false;
  };
  await hospital.openRecipient();
  request = await hospital.recipient.request({ reason: 'second opinion', wantedUntilMs: ledger.nowMs + DAY_MS });
  const { sealed } = await noticeFor(ledger, patient, request.link);
  await hospital.recipient.takeNotice(request.requestId, sealed);
  await allow(ledger, patient, hospital.recipient.recipientKey);
  await hospital.finalizeUntil(async () => (await retrieval())?.state === 'allowed');
});
afterEach(() => hospital.close());

async function retrieval(): Promise<RequestStatus['retrievals'][number] | undefined> {
  return (await hospital.recipient.requestStatus(request.requestId)).retrievals[0];
}

async function fetchToEnd(by?: 'dicomweb'): Promise<RequestStatus['retrievals'][number]> {
  await hospital.recipient.fetch(request.requestId, { by });
  await eventually(async () => (await retrieval())?.state !== 'fetching');
  return (await retrieval()) as RequestStatus['retrievals'][number];
}

/** The first of the 20 instances has 2.6 MB, each other 133 kB: 9 of them and a part of the tenth. */
const HALF = 3_800_000;

/** A first try that breaks when that has arrived. */
async function breakOff(): Promise<void> {
  hospital.cutDocuments(HALF);
  expect(await fetchToEnd()).toMatchObject({ state: 'failed', code: 'CONNECTION_LOST' });
  hospital.mend();
}

/** Beside them may be what was refused, and waits to be looked into. */
const heldFolders = async (): Promise<readonly string[]> =>
  (await readdir(hospital.quarantine)).filter((name) => name.startsWith('held-'));

const heldFiles = async (): Promise<readonly string[]> => {
  const [folder] = await heldFolders();
  return folder === undefined
    ? []
    : (await readdir(join(hospital.quarantine, folder))).map((name) => join(hospital.quarantine, folder, name));
};

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Data set hashes of the files in a folder, by SOP Instance UID. */
async function dataSetsIn(folder: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const name of await readdir(folder)) {
    const facts = await inspectInstance(only(await readFile(join(folder, name))));
    found.set(facts.sopInstanceUid, toHex(facts.dataSetSha256));
  }
  return found;
}

async function expectFiledWhole(location = ''): Promise<void> {
  expect(await dataSetsIn(location)).toEqual(await dataSetsIn(hospital.archive));
  expect(await heldFolders()).toEqual([]);
}

/** How many instances were asked for by themselves. */
const singles = (): number => new Set(asked.filter((path) => /^instances\/[0-9a-f]{64}$/.test(path))).size;

describe('after the line was cut', () => {
  test('only what is missing comes, by DICOMweb; both sides record and sign what they did', async () => {
    await breakOff();
    const filed = await fetchToEnd();
    expect(filed).toMatchObject({ state: 'filed', code: undefined });
    await expectFiledWhole(filed.location);
    expect(asked[0]).toBe('manifest');
    expect(singles()).toBe(asked.length - 1);
    expect(singles()).toBe(11);
    expect(filed.bytesReceived).toBeLessThan(1_600_000);

    const audited = hospital.audited.filter(({ phase }) => phase === 'ended');
    const of = (side: 'source' | 'recipient') =>
      audited
        .filter((event) => event.side === side)
        .map(({ transaction, outcome, requestDigest }) => `${transaction} ${outcome} ${requestDigest}`);
    await eventually(() => of('source').length === asked.length + 1);
    expect(of('recipient').toSorted()).toEqual(
      of('source')
        // A source hands its bytes to the connection; whether they arrived is the recipient's to say.
        .map((line) => (line.startsWith('ITI-43') ? line.replace('success', 'failure') : line))
        .toSorted(),
    );
    await eventually(async () => (await hospital.recipient.receipts())[0]?.received !== undefined);
    const [receipt, ...others] = await hospital.recipient.receipts();
    expect(others).toEqual([]);
    const manifestRequest = audited.find(({ side, transaction }) => side === 'source' && transaction === 'RAD-107');
    expect(toHex(receipt?.requestDigest ?? new Uint8Array())).toBe(manifestRequest?.requestDigest);
    expect(receipt?.bytes).toBe(manifestRequest?.bytes);
    // The file-set that broke off has no receipt.
    const confirmed = (await hospital.source.transfers()).filter(({ received }) => received !== undefined);
    expect(confirmed.map(({ bytes }) => bytes)).toEqual([receipt?.bytes]);
  });

  test('the archive lists the study once for all that is missing', async () => {
    await hospital.source.close();
    const folder = createFolderSource({ folder: hospital.archive });
    let listed = 0;
    const openStudy: typeof folder.openStudy = (studyInstanceUid) => {
      listed += 1;
      return folder.openStudy(studyInstanceUid);
    };
    await hospital.openSource({ connector: { ...folder, openStudy } });
    await breakOff();
    listed = 0;
    expect(await fetchToEnd()).toMatchObject({ state: 'filed' });
    expect(singles()).toBe(11);
    expect(listed).toBe(1);
  });

  test('and the source asks for patience, each request is made again when it says', async () => {
    await breakOff();
    const watch = hospital.interceptDicomweb;
    let tooSoon = 0;
    hospital.interceptDicomweb = (incoming, response) => {
      // Each third, from the manifest on.
      if (watch(incoming, response) || asked.length % 3 !== 1) return false;
      tooSoon += 1;
      response.writeHead(429, { 'retry-after': '0' }).end();
      return true;
    };
    const filed = await fetchToEnd();
    await expectFiledWhole(filed.location);
    expect(tooSoon).toBeGreaterThan(4);
    expect(singles()).toBe(11);
    expect(asked).toHaveLength(1 + 11 + tooSoon);
  });

  test('and the practice started anew, it goes on likewise', async () => {
    hospital.holdDocuments(HALF);
    await hospital.recipient.fetch(request.requestId);
    await eventually(
      async () => hospital.heldDocuments > 0 && ((await retrieval())?.bytesReceived ?? 0) > HALF - 100_000,
    );
    await hospital.recipient.close();
    hospital.releaseDocuments();
    expect((await heldFiles()).map((path) => path.split('/').at(-1))).toEqual(['study.zip']);
    await hospital.openRecipient();
    await eventually(async () => (await retrieval())?.state === 'filed');
    await expectFiledWhole((await retrieval())?.location);
    expect(singles()).toBeGreaterThan(0);
    expect(singles()).toBeLessThan(20);
  });

  test('a source without DICOMweb sends the whole again, and it is filed once', async () => {
    await breakOff();
    hospital.interceptDicomweb = (_request, response) => {
      asked.push('refused');
      response.writeHead(404).end();
      return true;
    };
    const filed = await fetchToEnd();
    expect(filed.state).toBe('filed');
    await expectFiledWhole(filed.location);
    expect(asked).toEqual(['refused']);
    expect(filed.bytesReceived).toBeGreaterThan(5_000_000);
    expect((await hospital.source.transfers()).map(({ state }) => state).sort()).toEqual(['broken', 'sent']);
  });

  test('what was changed on the disk meanwhile is fetched again', async () => {
    await breakOff();
    const [zip = ''] = await heldFiles();
    const bytes = await readFile(zip);
    bytes.writeUInt8(bytes.readUInt8(300_000) ^ 1, 300_000);
    await writeFile(zip, bytes);
    const filed = await fetchToEnd();
    await expectFiledWhole(filed.location);
    expect(singles()).toBe(12);
  });

  test('a study that was amended meanwhile drops what no longer belongs to it', async () => {
    await breakOff();
    const studyInstanceUid = await hospital.studyInstanceUid();
    // The first of the archive arrived, and is another one now.
    const [first] = [...(await dataSetsIn(hospital.archive)).keys()].sort();
    for (const name of await readdir(hospital.archive)) {
      const path = join(hospital.archive, name);
      const { sopInstanceUid, seriesInstanceUid } = await inspectInstance(only(await readFile(path)));
      if (sopInstanceUid === first)
        await writeFile(path, sampleInstance({ studyInstanceUid, seriesInstanceUid, sopInstanceUid }));
    }
    await hospital.source.amend(studyInstanceUid);
    await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'published');
    const filed = await fetchToEnd();
    expect(filed).toMatchObject({ state: 'filed', changed: false });
    await expectFiledWhole(filed.location);
    const firstId = toHex(instanceIdOf({ studySalt: patient.disclosure.studySalt, sopInstanceUid: first ?? '' }));
    expect(asked).toContain(`instances/${firstId}`);
    expect(singles()).toBe(12);
  });
});

describe('after the disk was full', () => {
  liftLimitAfterEach();

  test('of the quarantine, what arrived is kept and the rest fetched; nothing was filed', async () => {
    limitFiles(HALF);
    expect(await fetchToEnd()).toMatchObject({ state: 'failed', code: 'FOLDER_UNUSABLE' });
    expect(await heldFiles()).toHaveLength(1);
    await expect(readdir(hospital.filed)).rejects.toMatchObject({ code: 'ENOENT' });
    limitFiles('unlimited');
    const filed = await fetchToEnd();
    expect(filed).toMatchObject({ state: 'filed', code: undefined });
    await expectFiledWhole(filed.location);
    expect(singles()).toBe(11);
  });

  test('of the archive, all of it is kept; it is filed whole without another byte', async () => {
    await hospital.recipient.close();
    const sink = createFolderSink({ folder: hospital.filed });
    let bytesMax: number | 'unlimited' = 1_000_000;
    await hospital.openRecipient({
      sink: {
        fileStudy(study) {
          limitFiles(bytesMax);
          return sink.fileStudy(study);
        },
      },
    });
    expect(await fetchToEnd()).toMatchObject({ state: 'failed', code: 'FOLDER_UNUSABLE' });
    expect(await readdir(hospital.filed)).toEqual([]);
    bytesMax = 'unlimited';
    limitFiles(bytesMax);
    const filed = await fetchToEnd();
    await expectFiledWhole(filed.location);
    expect(asked).toEqual(['manifest']);
  });
});

describe('the whole by DICOMweb', () => {
  test('is one request after the manifest, with receipts on both sides', async () => {
    const filed = await fetchToEnd('dicomweb');
    expect(filed.state).toBe('filed');
    await expectFiledWhole(filed.location);
    expect(asked).toEqual(['manifest', '']);
    await eventually(async () => (await hospital.source.transfers())[0]?.received !== undefined);
    expect(await hospital.source.transfers()).toHaveLength(1);
  });

  test('that breaks goes on with what came whole', async () => {
    const watch = hospital.interceptDicomweb;
    hospital.interceptDicomweb = (incoming, response) => {
      if (asked.length === 1) cutAfter(response, 3_200_000);
      return watch(incoming, response);
    };
    expect(await fetchToEnd('dicomweb')).toMatchObject({ state: 'failed', code: 'CONNECTION_LOST' });
    const arrived = (await heldFiles()).filter((path) => path.endsWith('.dcm')).length;
    expect(arrived).toBeGreaterThan(0);
    const filed = await fetchToEnd();
    await expectFiledWhole(filed.location);
    expect(singles()).toBe(20 - arrived);
  });

  test('comes by ITI-43 from a source without it', async () => {
    hospital.interceptDicomweb = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<p>a page for every address</p>');
      return true;
    };
    expect(await fetchToEnd('dicomweb')).toMatchObject({ state: 'filed' });
  });
});

describe('a source that lies is left with nothing', () => {
  /** Answers what matches `path` with something else, and lets the rest pass. */
  const answerInstead = (path: RegExp, answer: (response: ServerResponse) => void): void => {
    hospital.interceptDicomweb = ({ url = '' }, response) => {
      if (!path.test(url)) return false;
      answer(response);
      return true;
    };
  };
  const sendParts = (response: ServerResponse, files: readonly Uint8Array[], end = '--b--\r\n'): void => {
    response.writeHead(200, { 'content-type': 'multipart/related; type="application/dicom"; boundary=b' });
    for (const file of files)
      response.write(
        Buffer.concat([Buffer.from('--b\r\nContent-Type: application/dicom\r\n\r\n'), file, Buffer.from('\r\n')]),
      );
    response.end(end);
  };
  const INSTANCE = /\/instances\/[0-9a-f]{64}$/;

  test('that sends another instance under a name, two, none, or a part of one', async () => {
    const [name = ''] = await readdir(hospital.archive);
    const file = await readFile(join(hospital.archive, name));
    const lies: readonly [(response: ServerResponse) => void, string][] = [
      [(response) => sendParts(response, [file]), 'CONTENT_MISMATCH'],
      [(response) => sendParts(response, [file, file]), 'CONTENT_MISMATCH'],
      [(response) => sendParts(response, [], '\r\n--b--\r\n'), 'CONTENT_MISMATCH'],
      [(response) => sendParts(response, [file.subarray(0, 100_000)]), 'TRUNCATED_INSTANCE'],
    ];
    for (const [lie, code] of lies) {
      await breakOff();
      answerInstead(INSTANCE, lie);
      expect(await fetchToEnd()).toMatchObject({ state: 'failed', code });
      expect(await heldFolders()).toEqual([]);
    }
    await expect(readdir(hospital.filed)).rejects.toMatchObject({ code: 'ENOENT' });
    hospital.interceptDicomweb = () => false;
    expect(await fetchToEnd()).toMatchObject({ state: 'filed' });
  });

  test('a manifest that the ledger does not commit to, or that is none', async () => {
    await breakOff();
    const other: Manifest = [
      { sopInstanceUid: '2.25.1', transferSyntaxUid: '1.2.840.10008.1.2', sha256: new Uint8Array(32) },
    ];
    for (const bytes of [encodeManifest(other), new Uint8Array(100)]) {
      answerInstead(/\/manifest$/, (response) =>
        response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(bytes),
      );
      expect(await fetchToEnd('dicomweb')).toMatchObject({ state: 'failed', code: 'CONTENT_MISMATCH' });
      expect(await heldFolders()).toEqual([]);
    }
  });

  test('an instance that never ends is cut off at the limit', async () => {
    await hospital.recipient.close();
    await hospital.openRecipient({ importLimits: { instanceBytesMax: 3_000_000 } });
    await breakOff();
    answerInstead(INSTANCE, (response) => {
      response.writeHead(200, { 'content-type': 'multipart/related; boundary=b' });
      response.write('--b\r\n\r\n');
      const fill = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', fill).on('error', () => undefined);
      fill();
    });
    expect(await fetchToEnd()).toMatchObject({ state: 'failed', code: 'INSTANCE_TOO_LARGE' });
    expect(await heldFolders()).toEqual([]);
  });

  test('one that only says no keeps nothing from a later try', async () => {
    await breakOff();
    asked = [];
    answerInstead(INSTANCE, (response) => {
      asked.push('too soon');
      response.writeHead(429, { 'retry-after': '0' }).end();
    });
    expect(await fetchToEnd()).toMatchObject({ state: 'failed', code: 'HTTP_429' });
    // Four at a time, and none of them alone decides how long.
    expect(asked.length).toBeGreaterThan(20);
    expect(asked.length).toBeLessThan(25);
    expect(await heldFiles()).not.toEqual([]);
    hospital.interceptDicomweb = () => false;
    expect(await fetchToEnd()).toMatchObject({ state: 'filed' });
  });
});

describe('what is held is erased', () => {
  const swept = (): Promise<void> => hospital.finalizeUntil(async () => (await heldFolders()).length === 0);

  test('when the grant ends', async () => {
    await breakOff();
    await ledger.submit((await createRevoke(ledger, patient, hospital.recipient.recipientKey)).bytes);
    await swept();
    expect(await fetchToEnd()).toMatchObject({ state: 'ended', code: 'GRANT_NOT_LIVE' });
  });

  test('after seven days', async () => {
    await breakOff();
    ledger.nowMs += 7 * DAY_MS + 1;
    await swept();
  });

  test('when it is more than the operator lets be held, and after a crash what no retrieval goes on with', async () => {
    await breakOff();
    await hospital.recipient.close();
    const orphan = join(hospital.quarantine, `held-${'0'.repeat(32)}.${'0'.repeat(64)}`);
    await writeFile(orphan, '');
    await hospital.openRecipient({ heldBytesMax: 100_000 });
    await swept();
  });
});

/** Ends a response, with its connection, after so many bytes. */
function cutAfter(response: ServerResponse, bytesMax: number): void {
  let bytes = 0;
  const write = response.write.bind(response) as (chunk: Uint8Array) => boolean;
  response.write = ((chunk: Uint8Array) => {
    bytes += chunk.length;
    const isWritten = write(chunk);
    if (bytes > bytesMax) response.destroy();
    return isWritten;
  }) as typeof response.write;
}
