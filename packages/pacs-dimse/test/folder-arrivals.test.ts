// Goal: a study that DCMTK's storescu pushes lies in the folder as it was sent, and what cannot be taken is answered with a failure. Method: a real storescu, and our own store for what it would not send.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { importFileSet, planFileSet, serveFileSet } from '@radledger/imaging';
import { sampleInstance } from '@radledger/imaging/conformance';
import { createFolderSource, openFolderInbox } from '@radledger/imaging/folder';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openStorageReceiver, receiveInto, type StorageReceiver } from '../src/index.js';
import { requestAssociation } from '../src/association.js';
import { FIELD } from '../src/command-set.js';
import { contextsOf } from '../src/syntaxes.js';
import { EXPLICIT_LITTLE_ENDIAN, only, SECONDARY_CAPTURE } from './fake-archive.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const STORESCU = '/usr/bin/storescu';
const isMissing = !existsSync(STORESCU) && process.env['CI'] === undefined;
const STUDY = '2.25.7001';

let folder: string;
let archive: string;
let receiver: StorageReceiver;
let failures: unknown[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'radledger-arrivals-'));
  archive = join(folder, 'archive');
  failures = [];
  const onFailure = (error: unknown): void => void failures.push(error);
  receiver = await openStorageReceiver({
    host: '127.0.0.1',
    port: 0,
    aeTitle: 'GATEWAY',
    callers: ['MODALITY'],
    onInstance: receiveInto(await openFolderInbox({ folder: archive }), onFailure),
    onFailure,
  });
});
afterEach(async () => {
  await receiver.close();
  await rm(folder, { recursive: true });
});

const instance = (number: number, pixels = 1): Uint8Array =>
  sampleInstance({
    studyInstanceUid: STUDY,
    seriesInstanceUid: `${STUDY}.1`,
    sopInstanceUid: `${STUDY}.1.${number}`,
    pixelData: new Uint8Array(64).fill(pixels),
  });
const peer = () => ({
  host: '127.0.0.1',
  port: receiver.port,
  calledAeTitle: 'GATEWAY',
  callingAeTitle: 'MODALITY',
  timeoutMs: 20_000,
});
const filed = async (): Promise<readonly string[]> =>
  (await readdir(archive, { recursive: true })).filter((name) => name.endsWith('.dcm')).sort();

describe.skipIf(isMissing)('storescu', () => {
  const send = async (aeTitle: string, ...files: readonly Uint8Array[]): Promise<void> => {
    const paths = files.map((_, index) => join(folder, `${index}.dcm`));
    for (const [index, path] of paths.entries()) await writeFile(path, files[index] ?? '');
    const to = ['-aet', aeTitle, '-aec', 'GATEWAY', '127.0.0.1', String(receiver.port)];
    await promisify(execFile)(STORESCU, [...to, ...paths]);
  };

  test('a study arrives, again too, and is what the folder connector publishes', async () => {
    await send('MODALITY', instance(1), instance(2), instance(3));
    await send('MODALITY', instance(3));
    expect(await filed()).toEqual([1, 2, 3].map((number) => `${STUDY}/${STUDY}.1.${number}.dcm`));
    const source = createFolderSource({ folder: archive });
    const listed: unknown[] = [];
    for await (const study of source.listStudies()) listed.push(study);
    expect(listed).toEqual([{ studyInstanceUid: STUDY, instances: 3 }]);
    const snapshot = await source.openStudy(STUDY);
    const stream = serveFileSet(await planFileSet(snapshot), snapshot);
    const study = await importFileSet({ stream, quarantineFolder: join(folder, 'quarantine') });
    expect(study.instances).toHaveLength(3);
    await study.discard();
    expect(failures).toEqual([]);
  });

  test('another instance under a UID that is there is told so, and so is a stranger', async () => {
    await send('MODALITY', instance(1));
    await expect(send('MODALITY', instance(1, 2))).rejects.toThrow();
    await expect(send('STRANGER', instance(2))).rejects.toThrow();
    expect(await filed()).toHaveLength(1);
  });
});

const storing = async (sopInstanceUid: string, dataSet: Uint8Array): Promise<number | undefined> => {
  const pair = { abstractSyntax: SECONDARY_CAPTURE, transferSyntax: EXPLICIT_LITTLE_ENDIAN };
  const association = await requestAssociation(peer(), contextsOf([pair]));
  const command = {
    field: FIELD.storeRequest,
    messageId: association.nextMessageId(),
    priority: 0,
    sopClassUid: SECONDARY_CAPTURE,
    sopInstanceUid,
  };
  await association.send(1, command, only(dataSet));
  const answer = await association.receive();
  await association.release();
  return answer === 'released' ? undefined : answer.command.status;
};
const dataSetOf = (file: Uint8Array): Uint8Array =>
  file.subarray(Buffer.from(file).indexOf(Buffer.from([8, 0, 0x16, 0])));

test.each<[string, () => Uint8Array, number]>([
  ['an instance', () => dataSetOf(instance(1)), 0x0000],
  ['another than it was called', () => dataSetOf(instance(2)), 0xc000],
  ['no data set', () => new Uint8Array(100_000).fill(7), 0xc000],
  ['one that ends inside an element', () => dataSetOf(instance(1)).subarray(0, -2), 0xc000],
])('%s is answered', async (_name, dataSet, status) => {
  expect(await storing(`${STUDY}.1.1`, dataSet())).toBe(status);
  expect(await filed()).toHaveLength(status === 0 ? 1 : 0);
  // The next one is heard all the same.
  expect(await storing(`${STUDY}.1.9`, dataSetOf(instance(9)))).toBe(0x0000);
});

test('a folder that is gone is answered as out of resources', async () => {
  await rm(archive, { recursive: true });
  await writeFile(archive, '');
  expect(await storing(`${STUDY}.1.1`, dataSetOf(instance(1)))).toBe(0xa700);
  expect(failures).toMatchObject([{ code: 'FOLDER_UNUSABLE' }]);
  await rm(archive);
});

test('what a sender breaks off leaves nothing', async () => {
  const pair = { abstractSyntax: SECONDARY_CAPTURE, transferSyntax: EXPLICIT_LITTLE_ENDIAN };
  const association = await requestAssociation(peer(), contextsOf([pair]));
  const command = {
    field: FIELD.storeRequest,
    messageId: 1,
    priority: 0,
    sopClassUid: SECONDARY_CAPTURE,
    sopInstanceUid: `${STUDY}.1.1`,
  };
  async function* half(): AsyncGenerator<Uint8Array, void, void> {
    yield new Uint8Array(200_000);
    throw new Error('gone');
  }
  await expect(association.send(1, command, half())).rejects.toThrow('gone');
  await vi.waitFor(() => expect(failures.length).toBeGreaterThan(0));
  await vi.waitFor(async () => expect(await readdir(archive)).toEqual([]));
});
