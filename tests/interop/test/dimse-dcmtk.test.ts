// Goal: an archive of DCMTK (dcmqrscp) takes a study, lists it and gives it back, by C-GET and by C-MOVE. Method: three instances through a real one.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importFileSet, manifestOf, planFileSet, serveFileSet } from '@radledger/imaging';
import { sampleInstance } from '@radledger/imaging/conformance';
import { createFolderSource } from '@radledger/imaging/folder';
import { createDimseArchive, openStorageReceiver, type StorageReceiver } from '@radledger/pacs-dimse';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const STUDY = '2.25.6001';
const DCMQRSCP = '/usr/bin/dcmqrscp';
const isMissing = !existsSync(DCMQRSCP) && process.env['CI'] === undefined;

describe.skipIf(isMissing)('dcmqrscp', () => {
  let folder: string;
  let archive: { child: ChildProcess; port: number };
  let receiver: StorageReceiver;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'radledger-dcmqrscp-'));
    receiver = await openStorageReceiver({ host: '127.0.0.1', port: 0, aeTitle: 'GATEWAY', callers: ['ARCHIVE'] });
    archive = await startArchive(folder, receiver.port);
  });
  afterAll(async () => {
    const exited = once(archive.child, 'exit');
    archive.child.kill();
    await exited;
    await receiver.close();
    await rm(folder, { recursive: true });
  });

  test('a study goes in, is read back by both ways of retrieval, is not overwritten, and comes out by C-MOVE', async () => {
    const peer = { host: '127.0.0.1', port: archive.port, calledAeTitle: 'ARCHIVE', callingAeTitle: 'GATEWAY' };
    const byGet = createDimseArchive(peer);
    const byMove = createDimseArchive({ ...peer, moveTo: receiver });
    const series = join(folder, 'series');
    await mkdir(series);
    for (const number of [1, 2, 3]) {
      const uids = { studyInstanceUid: STUDY, seriesInstanceUid: `${STUDY}.1`, sopInstanceUid: `${STUDY}.1.${number}` };
      await writeFile(join(series, `${number}.dcm`), sampleInstance({ ...uids, instanceNumber: number }));
    }
    const snapshot = await createFolderSource({ folder: series }).openStudy(STUDY);
    const plan = await planFileSet(snapshot);
    const stream = serveFileSet(plan, snapshot);
    const study = await importFileSet({ stream, quarantineFolder: join(folder, 'quarantine') });
    expect(await byGet.fileStudy(study)).toMatchObject({ written: true });
    expect(await byMove.fileStudy(study)).toMatchObject({ written: false });
    await study.discard();

    // The second instance with another pixel, and a fourth one.
    const uids = { studyInstanceUid: STUDY, seriesInstanceUid: `${STUDY}.1` };
    const changed = Buffer.from(await readFile(join(series, '2.dcm')));
    changed.writeUInt8((changed.at(-1) ?? 0) ^ 1, changed.length - 1);
    const others = join(folder, 'others');
    await mkdir(others);
    await writeFile(join(others, '2.dcm'), changed);
    const fourth = sampleInstance({ ...uids, sopInstanceUid: `${STUDY}.1.4`, instanceNumber: 4 });
    await writeFile(join(others, '4.dcm'), fourth);
    const other = await createFolderSource({ folder: others }).openStudy(STUDY);
    const otherStream = serveFileSet(await planFileSet(other), other);
    const conflicting = await importFileSet({ stream: otherStream, quarantineFolder: join(folder, 'quarantine') });
    for (const archive of [byGet, byMove]) {
      await expect(archive.fileStudy(conflicting)).rejects.toMatchObject({
        code: 'STUDY_CONFLICT',
        info: { instances: 1 },
      });
    }
    await conflicting.discard();

    const listed: string[] = [];
    for await (const each of byGet.listStudies()) listed.push(each.studyInstanceUid);
    expect(listed).toEqual([STUDY]);
    expect(manifestOf(await planFileSet(await byMove.openStudy(STUDY)))).toEqual(manifestOf(plan));
    // It does not tell SOP classes, and without them nobody can agree on what C-GET brings.
    const planned = planFileSet(await byGet.openStudy(STUDY));
    await expect(planned).rejects.toMatchObject({ code: 'ARCHIVE_ANSWER_INVALID', info: { rule: 'sop-class' } });
    await Promise.all([byGet.close(), byMove.close()]);
  });
});

async function startArchive(folder: string, receiverPort: number): Promise<{ child: ChildProcess; port: number }> {
  const storage = join(folder, 'storage');
  await mkdir(storage);
  for (let port = 21_000 + Math.floor(Math.random() * 9_000); ; port++) {
    const file = join(folder, 'dcmqrscp.cfg');
    await writeFile(
      file,
      `NetworkTCPPort = ${port}
MaxPDUSize = 16384
MaxAssociations = 16
HostTable BEGIN
gateway = (GATEWAY, 127.0.0.1, ${receiverPort})
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
ARCHIVE ${storage} RW (200, 1024mb) ANY
AETable END
`,
    );
    const child = spawn(DCMQRSCP, ['-c', file], { stdio: 'ignore' });
    const exited = once(child, 'exit').then(() => false);
    while (child.exitCode === null) if (await Promise.race([isListening(port), exited])) return { child, port };
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
