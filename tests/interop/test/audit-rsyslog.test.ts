// Goal: every entry of the audit trail arrives, whole, in order and valid, at a receiver that is not ours. Method: Debian's rsyslog with TLS
// (RFC 5425); what it wrote down is held against the schema that IPF ships.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditEvent, type AuditTrail, openAuditTrail, startSyslogDelivery } from '@radledger/exchange/audit';
import { createSigner } from '@radledger/primitives';
import { XmlDocument, XsdValidator } from 'libxml2-wasm';
import { generate } from 'selfsigned';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const RSYSLOG = '/usr/sbin/rsyslogd';
const isMissing = !existsSync(RSYSLOG) && process.env['CI'] === undefined;
vi.setConfig({ testTimeout: 60_000 });

let folder: string;
let trail: AuditTrail;
let certificate: string;
let rsyslog: ChildProcess | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'radledger-rsyslog-'));
  trail = await openAuditTrail({
    folder: join(folder, 'trail'),
    signer: await createSigner(new Uint8Array(32).fill(1)),
  });
  const pem = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  certificate = pem.cert;
  await writeFile(join(folder, 'cert.pem'), pem.cert);
  await writeFile(join(folder, 'key.pem'), pem.private);
  await writeFile(join(folder, 'messages'), '');
});
afterEach(async () => {
  await trail.close();
  await stopRsyslog();
  await rm(folder, { recursive: true });
});

/** The text of a file once it holds what is looked for. */
function fileOnce(name: string, wanted: RegExp): Promise<string> {
  return vi.waitFor(async () => {
    const text = await readFile(join(folder, name), 'utf8');
    expect(text).toMatch(wanted);
    return text;
  }, 30_000);
}

/** @returns the port it listens on */
async function startRsyslog(port = 0): Promise<number> {
  const path = (name: string): string => JSON.stringify(join(folder, name));
  await writeFile(
    join(folder, 'rsyslog.conf'),
    `global(workDirectory=${path('.')} maxMessageSize="256k" defaultNetstreamDriverCAFile=${path('cert.pem')}
       defaultNetstreamDriverCertFile=${path('cert.pem')} defaultNetstreamDriverKeyFile=${path('key.pem')})
     module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
     template(name="whole" type="string" string="%rawmsg%\\n")
     input(type="imtcp" port="${port}" address="127.0.0.1" listenPortFileName=${path('port')})
     action(type="omfile" file=${path('messages')} template="whole" flushOnTXEnd="on")\n`,
  );
  rsyslog = spawn(RSYSLOG, ['-n', '-f', join(folder, 'rsyslog.conf'), '-i', join(folder, 'pid')], { stdio: 'ignore' });
  return port === 0 ? Number(await fileOnce('port', /^\d+/)) : port;
}

async function stopRsyslog(): Promise<void> {
  if (rsyslog === undefined || rsyslog.exitCode !== null) return;
  const exited = once(rsyslog, 'exit');
  rsyslog.kill('SIGTERM');
  await exited;
}

/** What becomes of retrievals, in turns. */
const KINDS: readonly Partial<AuditEvent>[] = [
  {},
  { side: 'recipient' },
  { phase: 'refused', outcome: 'failure', code: 'XDSDocumentUniqueIdError' },
  { side: 'recipient', outcome: 'failure', code: 'CONTENT_MISMATCH' },
  { transaction: 'RAD-107' },
];

function event(index: number): AuditEvent {
  return {
    side: 'source',
    transaction: 'ITI-43',
    phase: 'ended',
    outcome: 'success',
    id: index.toString(16).padStart(32, '0'),
    requestDigest: 'ab'.repeat(32),
    endpointUrl: 'https://gw.hospital.example/xds/iti43',
    reader: 'cd'.repeat(32),
    documents: [{ documentUniqueId: index.toString(16).padStart(64, '0'), repositoryUniqueId: '02'.repeat(32) }],
    ...KINDS[index % KINDS.length],
  };
}

const schemaFile = new URL('../../data/iti43/ipf/audit/dicom2017c.xsd', import.meta.url);

const idsIn = (text: string): number[] =>
  [...text.matchAll(/ParticipantObjectID="([0-9a-f]{64})"/g)].map(([, id]) => Number.parseInt(id ?? '', 16));

test.skipIf(isMissing)('rsyslog has every message, in order, though it was away at first', async () => {
  const port = await startRsyslog();
  await stopRsyslog();
  let failures = 0;
  const delivery = await startSyslogDelivery({
    trail,
    folder: join(folder, 'trail'),
    receiver: { host: 'localhost', port },
    certificateAuthorities: certificate,
    identity: { sourceId: 'gateway.hospital.example', processId: process.pid },
    retryMs: 100,
    onFailure: () => (failures += 1),
  });
  for (let index = 0; index < 10; index += 1) await trail.record(event(index));
  await delivery.flush();
  expect(failures).toBeGreaterThan(0);

  await startRsyslog(port);
  const first = await fileOnce('messages', /0009"/);
  expect(idsIn(first)).toEqual(Array.from({ length: 10 }, (_, index) => index));
  expect(first).toMatch(/^<85>1 \d{4}-\d\d-\d\dT[\d:.]+Z \S+ radledger-gateway \d+ IHE\+RFC-3881 - \uFEFF<\?xml /);
  const messages = Array.from(first.matchAll(/\uFEFF(<\?xml .*?<\/AuditMessage>)/gs), ([, message]) => message ?? '');
  expect(messages).toHaveLength(10);
  const schema = XsdValidator.fromDoc(XmlDocument.fromBuffer(readFileSync(schemaFile)));
  for (const message of messages) {
    const document = XmlDocument.fromString(message);
    expect(() => schema.validate(document)).not.toThrow();
    document.dispose();
  }
  schema.dispose();
  await delivery.close();
});
