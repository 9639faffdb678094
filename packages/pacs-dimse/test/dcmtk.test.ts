// Goal: DCMTK, none of our code, gets from us and gives to us every byte of a data set. Method: storescp that writes what it receives as it is (+B), and storescu and dcmsend that send the same to it and to us.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { importFileSet, inspectInstance, planFileSet, type QuarantinedStudy, serveFileSet } from '@radledger/imaging';
import { createFolderSource } from '@radledger/imaging/folder';
import { toHex } from '@radledger/primitives';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openStorageReceiver } from '../src/index.js';
import { part10Head } from '../src/part10.js';
import { storeInstances } from '../src/store.js';
import { only } from './fake-archive.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const BIN = '/usr/bin';
const FILES = '/usr/lib/python3/dist-packages/pydicom/data/test_files';
const isMissing = !(existsSync(`${BIN}/storescp`) && existsSync(FILES)) && process.env['CI'] === undefined;
/** Deflated to an odd number of bytes: DICOM wants them even, and DCMTK does not take the last one from anybody. */
const ODD = 'image_dfl.dcm';
const NAMES = [
  'CT_small.dcm',
  'MR_small_implicit.dcm',
  'ExplVR_BigEnd.dcm',
  ODD,
  'JPEG2000.dcm',
  'JPEG-lossy.dcm',
  'MR_small_jpeg_ls_lossless.dcm',
  'SC_rgb_rle_2frame.dcm',
  'test-SR.dcm',
];

describe.skipIf(isMissing)('DCMTK', () => {
  let folder: string;
  let received: string;
  let storescp: ChildProcess;
  let port: number;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'radledger-dcmtk-'));
    received = join(folder, 'received');
    await mkdir(received);
    ({ child: storescp, port } = await startStorescp(received));
  });
  afterAll(async () => {
    const exited = once(storescp, 'exit');
    storescp.kill();
    await exited;
    await rm(folder, { recursive: true });
  });
  beforeEach(async () => {
    for (const name of await readdir(received)) await rm(join(received, name));
  });

  test.each(NAMES.filter((name) => name !== ODD))('storescp writes what we send: %s', async (name) => {
    const study = await quarantined(join(FILES, name), folder);
    const peer = { host: '127.0.0.1', port, calledAeTitle: 'STORESCP', callingAeTitle: 'GATEWAY', timeoutMs: 20_000 };
    await storeInstances(peer, study.instances);
    const sent = study.manifest.map(({ transferSyntaxUid, sha256 }) => `${transferSyntaxUid} ${toHex(sha256)}`);
    expect(await writtenTo(received)).toEqual(sent);
    await study.discard();
  });

  test.each(NAMES)('we receive what storescp receives: %s', async (name) => {
    const arrived: string[] = [];
    const receiver = await openStorageReceiver({
      host: '127.0.0.1',
      port: 0,
      aeTitle: 'GATEWAY',
      callers: ['DCMSEND'],
      async onInstance(instance) {
        arrived.push(await identityOf(fileOf(part10Head(instance), instance.dataSet)));
        return 0;
      },
    });
    const send = (to: number, aeTitle: string) =>
      promisify(execFile)(`${BIN}/dcmsend`, [
        '--decompress-never',
        ...['-aet', 'DCMSEND', '-aec', aeTitle, '127.0.0.1', String(to), join(FILES, name)],
      ]);
    await send(receiver.port, 'GATEWAY');
    await receiver.close();
    await send(port, 'STORESCP');
    expect(arrived).toHaveLength(1);
    expect(arrived).toEqual(await writtenTo(received));
  });
});

/** Transfer syntax and hash of the data set of each file. */
async function writtenTo(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return Promise.all(names.map(async (name) => identityOf(only(await readFile(join(folder, name))))));
}

async function identityOf(file: AsyncIterable<Uint8Array>): Promise<string> {
  const { transferSyntaxUid, dataSetSha256 } = await inspectInstance(file);
  return `${transferSyntaxUid} ${toHex(dataSetSha256)}`;
}

async function* fileOf(head: Uint8Array, dataSet: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  yield head;
  yield* dataSet;
}

/** The study of one file as a recipient has it after all checks. */
async function quarantined(file: string, folder: string): Promise<QuarantinedStudy> {
  const own = await mkdtemp(join(folder, 'study-'));
  await promisify(execFile)('cp', [file, own]);
  const source = createFolderSource({ folder: own });
  for await (const { studyInstanceUid } of source.listStudies()) {
    const snapshot = await source.openStudy(studyInstanceUid);
    const stream = serveFileSet(await planFileSet(snapshot), snapshot);
    return importFileSet({ stream, quarantineFolder: join(folder, 'quarantine') });
  }
  throw new Error('expected a study');
}

/** Takes every transfer syntax and writes each data set as it came. */
async function startStorescp(folder: string): Promise<{ child: ChildProcess; port: number }> {
  for (let port = 21_000 + Math.floor(Math.random() * 9_000); ; port++) {
    const child = spawn(`${BIN}/storescp`, ['+xa', '+B', '-od', folder, String(port)], { stdio: 'ignore' });
    const exited = once(child, 'exit').then(() => 'exited' as const);
    while (child.exitCode === null) {
      if ((await Promise.race([isListening(port), exited])) === true) return { child, port };
    }
  }
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
