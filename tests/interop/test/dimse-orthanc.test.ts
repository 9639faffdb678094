// Goal: Orthanc over DIMSE is a PACS as the contract wants it, by C-GET and by C-MOVE. Method: the contract suite on an emptied Orthanc each.
import { Orthanc, orthancIsMissing } from '@radledger/devnet';
import { testPacsConnector, testStudySink } from '@radledger/imaging/conformance';
import { createDimseArchive, openStorageReceiver, type StorageReceiver } from '@radledger/pacs-dimse';
import { afterAll, beforeAll, describe, vi } from 'vitest';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

describe.skipIf(orthancIsMissing)('Orthanc', () => {
  let orthanc: Orthanc;
  let receiver: StorageReceiver;
  beforeAll(async () => {
    receiver = await openStorageReceiver({ host: '127.0.0.1', port: 0, aeTitle: 'GATEWAY', callers: ['ARCHIVE'] });
    const modality = { AET: 'GATEWAY', Host: '127.0.0.1', Port: receiver.port };
    orthanc = await Orthanc.start('ARCHIVE', { DicomModalities: { gateway: modality } });
  });
  afterAll(async () => {
    await orthanc.stop();
    await receiver.close();
  });

  for (const retrieval of ['C-GET', 'C-MOVE']) {
    testPacsConnector({
      name: `DIMSE with Orthanc, ${retrieval}`,
      async createArchive() {
        await orthanc.clear();
        const connector = createDimseArchive({
          host: '127.0.0.1',
          port: orthanc.dicomPort,
          calledAeTitle: 'ARCHIVE',
          callingAeTitle: 'GATEWAY',
          ...(retrieval === 'C-MOVE' && { moveTo: receiver }),
        });
        return {
          connector,
          refusesDuplicates: true,
          tellsOrders: true,
          rewritesFileMeta: true,
          async store(files) {
            for (const file of files) await orthanc.store(file);
          },
          async replace(sopInstanceUid, file) {
            await orthanc.remove(sopInstanceUid);
            await orthanc.store(file);
          },
          dispose: () => connector.close(),
        };
      },
    });
  }

  testStudySink({
    name: 'DIMSE with Orthanc',
    async createSink() {
      await orthanc.clear();
      const peer = { host: '127.0.0.1', port: orthanc.dicomPort };
      const sink = createDimseArchive({ ...peer, calledAeTitle: 'ARCHIVE', callingAeTitle: 'GATEWAY' });
      return {
        sink,
        otherBytes: 'refused',
        keepsParts: true,
        rewritesFileMeta: true,
        async *held() {
          for await (const { bytes } of orthanc.eachFile()) yield bytes;
        },
        dispose: () => sink.close(),
      };
    },
  });
});
