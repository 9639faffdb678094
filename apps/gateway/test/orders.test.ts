// Goal: a running gateway shows what was ordered beside what arrived, and goes on when one of its origins does not. Method: a real process; an HL7 file; a study that DCMTK's storescu pushes; a worklist that is not there.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createOperatorClient } from '@radledger/client';
import { sampleInstance } from '@radledger/imaging/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parseConfig } from '../src/config.js';
import { initFolder } from '../src/init.js';
import { type FakeNode, startFakeNode } from './fake-node.js';
import { type RunningGateway, startGateway } from './process.js';

const STORESCU = '/usr/bin/storescu';
const isMissing = !existsSync(STORESCU) && process.env['CI'] === undefined;
const UIDS = { studyInstanceUid: '2.25.8001', seriesInstanceUid: '2.25.8001.1', sopInstanceUid: '2.25.8001.1.1' };
const PATIENT = { name: 'ZEBRAFINCH^OTTOLINE', id: 'PID-7731-QUOKKA' };
const MESSAGE = [
  'MSH|^~\\&|RIS|H|GW|H|20261128||ORM^O01|1|P|2.3.1',
  `PID|||${PATIENT.id}||${PATIENT.name}||19610407`,
  'ORC|NW|P1|F1',
  'OBR|1|P1|F1|K^Capybara of the knee||||||||||||||A-7731||||||MR',
  `ZDS|${UIDS.studyInstanceUid}`,
].join('\r');

const text = (node: string, more: string): string => `node = "${node}"
[api]
host = "127.0.0.1"
port = 0
[operator]
host = "127.0.0.1"
port = 0
[source]
folder = "archive"
lookSeconds = 1
settleSeconds = 0
${more}
[source.iti43]
host = "127.0.0.1"
port = 0
`;
const ARRIVALS = '[source.arrivals]\nhost = "127.0.0.1"\nport = 0\naeTitle = "GATEWAY"\ncallers = ["MODALITY"]\n';
const HL7 = '[source.orders.hl7]\nfolder = "orders"\n';
const WORKLIST =
  '[source.orders.worklist]\nhost = "127.0.0.1"\nport = 1\naeTitle = "RIS"\ngatewayAeTitle = "GATEWAY"\n';

describe.skipIf(isMissing)('a running gateway', () => {
  let node: FakeNode;
  let folder: string;
  let gateway: RunningGateway;
  beforeEach(async () => {
    node = await startFakeNode();
    folder = await mkdtemp(join(tmpdir(), 'radledger-gateway-orders-'));
    await initFolder({ folder, role: 'source', node: node.url });
    await mkdir(join(folder, 'orders'));
    const config = join(folder, 'gateway.toml');
    await writeFile(config, text(node.url, `${ARRIVALS}[source.orders]\nlookSeconds = 1\n${HL7}${WORKLIST}`));
    gateway = await startGateway(config);
  });
  afterEach(async () => {
    gateway.child.kill('SIGKILL');
    await gateway.exited;
    await node.close();
    await rm(folder, { recursive: true });
  });

  test('shows an order, then the study that was made for it; the log names nobody', async () => {
    const bearerToken = (await readFile(join(folder, 'operator-token'), 'utf8')).trim();
    const operator = createOperatorClient({ url: gateway.listening.operator as string, bearerToken });
    await writeFile(join(folder, 'orders', '.ZEBRAFINCH.hl7'), 'not whole');
    await writeFile(join(folder, 'orders', 'ZEBRAFINCH_OTTOLINE.hl7'), MESSAGE);
    await vi.waitFor(async () => expect(await operator.worklist()).toMatchObject([{ state: 'expected' }]), 20_000);

    const file = join(folder, 'image.dcm');
    await writeFile(file, sampleInstance({ ...UIDS, patient: PATIENT }));
    const [host = '', port = ''] = (gateway.listening.arrivals as string).split(':');
    await promisify(execFile)(STORESCU, ['-aet', 'MODALITY', '-aec', 'GATEWAY', host, port, file]);
    const order = { patientName: 'ZEBRAFINCH, OTTOLINE', accessionNumber: 'A-7731', modality: 'MR' };
    const study = { studyInstanceUid: UIDS.studyInstanceUid, state: 'draft', instances: 1, orders: [order] };
    await vi.waitFor(async () => expect(await operator.worklist()).toMatchObject([study]), 20_000);
    const invited = { studyInstanceUid: UIDS.studyInstanceUid, label: 'Capybara of the knee' };
    await expect(operator.invite(invited)).rejects.toMatchObject({ info: { reason: 'MALFORMED_REQUEST' } });
    await operator.invite({ ...invited, identityCheckedBy: 'known' });

    expect((await operator.status()).orders).toMatchObject({
      kept: 1,
      origins: [
        { name: 'worklist', code: 'ARCHIVE_UNAVAILABLE', reason: 'ECONNREFUSED' },
        { name: 'hl7', code: null, refused: 0 },
      ],
    });
    await expect(
      promisify(execFile)(STORESCU, ['-aet', 'OTHER', '-aec', 'GATEWAY', host, port, file]),
    ).rejects.toThrow();
    gateway.child.kill('SIGTERM');
    expect(await gateway.exited).toBe(0);
    const canaries = /ZEBRAFINCH|OTTOLINE|QUOKKA|Capybara|A-7731|2\.25\.8001/;
    expect(gateway.log()).not.toMatch(canaries);
    for (const name of await readdir(join(folder, 'db'))) {
      expect(await readFile(join(folder, 'db', name), 'latin1')).not.toMatch(canaries);
    }
  });
});

describe('a configuration', () => {
  const parse = (more: string) => parseConfig(text('http://127.0.0.1:1', more), '/etc/radledger/gateway.toml').source;

  test('with what is not said filled in', () => {
    expect(parse(`${ARRIVALS}${HL7}${WORKLIST}`)).toMatchObject({
      arrivals: { aeTitle: 'GATEWAY', callers: ['MODALITY'] },
      orders: {
        lookSeconds: 60,
        keepDays: 30,
        worklist: { tls: false, daysAhead: 7 },
        hl7: { folder: '/etc/radledger/orders', characterSet: 'UNICODE UTF-8' },
      },
    });
  });

  test.each([
    ['orders from nowhere', '[source.orders]\n', 'source.orders'],
    ['a character set that nobody knows', `${HL7}characterSet = "EBCDIC"\n`, 'source.orders.hl7.characterSet'],
    ['a worklist with an authority and without TLS', `${WORKLIST}authority = "ca.pem"\n`, 'source.orders.worklist.tls'],
    ['arrivals from nobody', ARRIVALS.replace('"MODALITY"', ''), 'source.arrivals.callers'],
    ['arrivals that are asked nothing', `${ARRIVALS}authority = "ca.pem"\n`, 'source.arrivals.authority'],
  ])('%s is refused', (_name, more, path) => {
    expect(() => parse(more)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', info: expect.objectContaining({ path }) }),
    );
  });

  test('arrivals without a folder to lie in are refused', () => {
    const dicomweb = text('http://127.0.0.1:1', `${ARRIVALS}[source.dicomweb]\nurl = "http://127.0.0.1/dicom-web"\n`);
    expect(() => parseConfig(dicomweb.replace('folder = "archive"\n', ''), '/gateway.toml')).toThrow(
      expect.objectContaining({ info: expect.objectContaining({ path: 'source.arrivals' }) }),
    );
  });
});
