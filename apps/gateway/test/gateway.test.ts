import { X509Certificate } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_PARAMETERS, genesisToJson } from '@radledger/chain';
import { connect } from 'node:tls';
import { createOperatorClient } from '@radledger/client';
import { tlsPinOf } from '@radledger/exchange/http';
import { toHex } from '@radledger/primitives';
import { generate } from 'selfsigned';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readConfig } from '../src/config.js';
import { exitCodeOf } from '../src/errors.js';
import { initFolder } from '../src/init.js';
import { createLogger } from '../src/log.js';
import { startGateway as startHere } from '../src/run.js';
import { readTlsIdentity } from '../src/tls-identity.js';
import { type FakeNode, startFakeNode } from './fake-node.js';
import { type CommandResult, type RunningGateway, runCommand, startGateway } from './process.js';

let node: FakeNode;
let folder: string;
let config: string;
const started: RunningGateway[] = [];

beforeEach(async () => {
  node = await startFakeNode();
  folder = await mkdtemp(join(tmpdir(), 'radledger-gateway-'));
  for (const role of ['source', 'recipient'] as const) await initFolder({ folder, role, node: node.url });
  await mkdir(join(folder, 'archive'));
  config = join(folder, 'gateway.toml');
  await writeFile(config, text());
});

afterEach(async () => {
  for (const { child, exited } of started.splice(0)) {
    child.kill('SIGKILL');
    await exited;
  }
  await node.close();
  await rm(folder, { recursive: true, force: true });
});

function text(): string {
  return `node = "${node.url}"
[api]
host = "127.0.0.1"
port = 0
[operator]
host = "127.0.0.1"
port = 0
[source]
folder = "archive"
[source.iti43]
host = "127.0.0.1"
port = 0
[recipient]
folder = "received"
displayName = "Lakeside Orthopaedics"
`;
}

async function start(): Promise<RunningGateway> {
  const gateway = await startGateway(config);
  started.push(gateway);
  return gateway;
}

/** One line on stderr that is no log line, nothing on stdout, the documented code. */
function expectStop(result: CommandResult, code: number, line: RegExp): void {
  const lines = result.stderr
    .trimEnd()
    .split('\n')
    .filter((one) => !one.startsWith('{'));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^radledger-gateway: /);
  expect(lines[0]).toMatch(line);
  expect(result.stdout).toBe('');
  expect(result.code).toBe(code);
}

const run = (): Promise<CommandResult> => runCommand('run', '--config', config);

/** As `run` stops, within this process: a process for each of many causes takes half a minute. */
async function stopHere(): Promise<{ readonly code: number; readonly line: string }> {
  try {
    const gateway = await startHere(await readConfig(config), createLogger('silent'));
    await gateway.close();
    return { code: 0, line: '' };
  } catch (error) {
    return { code: exitCodeOf(error), line: String((error as Error).message).split('\n', 1)[0] ?? '' };
  }
}

test('init makes secrets that only their owner can read, says who the gateway is, and overwrites nothing', async () => {
  for (const name of ['source.pem', 'recipient.pem', 'tls-key.pem', 'secret-box.key', 'operator-token']) {
    expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
  }
  const before = await readFile(join(folder, 'source.pem'), 'utf8');
  const again = await runCommand('init', '--folder', folder, '--role', 'source');
  expect(again).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(again.stdout)).toMatchObject({
    sourceId: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    tlsPin: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
  });
  expect(await readFile(join(folder, 'source.pem'), 'utf8')).toBe(before);
});

test('run prints one line that says where it listens, serves, and ends on SIGTERM; restart keeps who it is', async () => {
  const first = await start();
  const { listening } = first;
  expect(listening).toMatchObject({
    event: 'listening',
    iti43: expect.stringMatching(/^https:.*\/xds\/iti43$/) as string,
  });
  expect((await fetch(`${listening.api}/.well-known/radledger`)).status).toBe(200);
  const bearerToken = (await readFile(join(folder, 'operator-token'), 'utf8')).trim();
  const operator = createOperatorClient({ url: listening.operator as string, bearerToken });
  const asked = { reason: 'second opinion', wantedUntilMs: 0, clinician: 'Dr Rivera' };
  const { requestId, link } = await operator.request(asked);
  const request = Buffer.from(link.split('#r=')[1] ?? '', 'base64url').toString('latin1');
  expect(request).toContain('Dr Rivera, Lakeside Orthopaedics');
  first.child.kill('SIGTERM');
  expect(await first.exited).toBe(0);

  const second = await start();
  const { sourceId, recipientKey, tlsPin } = listening;
  expect(second.listening).toMatchObject({ sourceId, recipientKey, tlsPin });
  const after = createOperatorClient({ url: second.listening.operator as string, bearerToken });
  expect(await after.requestState(requestId)).toMatchObject({ state: 'waiting', reason: 'second opinion' });
  expect(first.log() + second.log()).not.toContain('second opinion');
});

async function expectStopHere(code: number, line: RegExp): Promise<void> {
  expect(await stopHere()).toEqual({ code, line: expect.stringMatching(line) as string });
}

describe('a configuration that cannot be used stops the gateway with one line', () => {
  test.each([
    ['an unknown key', (was: string) => `colour = "blue"\n${was}`, /Unrecognized key: "colour"/],
    ['an unknown key in a table', (was: string) => `${was}speed = 1\n`, /at recipient.*"speed"/],
    ['a missing key', (was: string) => was.replace(/^node.*$/m, ''), /at node/],
    ['a port that is none', (was: string) => was.replace('port = 0', 'port = 70000'), /at api\.port/],
    [
      'an operator API for everybody',
      (was: string) => was.replace('[operator]\nhost = "127.0.0.1"', '[operator]\nhost = "0.0.0.0"'),
      /at operator\.host.*loopback/,
    ],
    [
      'a public API without its address',
      (was: string) => was.replace('[api]\nhost = "127.0.0.1"', '[api]\nhost = "0.0.0.0"'),
      /at api\.url/,
    ],
    [
      'an address of the public API that is none',
      (was: string) => was.replace('[operator]', 'url = "gw.hospital.example"\n[operator]'),
      /at api\.url: must be https:/,
    ],
    [
      'a base URL that no ledger takes',
      (was: string) => was.replace('folder = "archive"', 'folder = "archive"\nbaseUrl = "http://gw.hospital.example/"'),
      /at source\.baseUrl: must be https:/,
    ],
    [
      'half of what is shown to sources that ask who calls',
      (was: string) => `${was}tlsKey = "tls-key.pem"\n`,
      /at recipient: tlsKey and tlsCertificate go together/,
    ],
    [
      'a pin of callers that is none',
      (was: string) => was.replace('[recipient]', 'clientPins = ["ab"]\n[recipient]'),
      /at source\.iti43\.clientPins\.0: must be 64/,
    ],
    ['no role', (was: string) => was.slice(0, was.indexOf('[source]')), /needs a \[source\], a \[recipient\] or both/],
    ['what is not TOML', () => 'node = ', /is not TOML/],
  ])('%s', async (_name, change, line) => {
    await writeFile(config, change(text()));
    await expectStopHere(10, line);
  });

  test('no file', async () => {
    expectStop(await runCommand('run', '--config', join(folder, 'none.toml')), 10, /cannot read/);
  });
});

describe('key files', () => {
  test.each(['source.pem', 'recipient.pem', 'tls-key.pem', 'secret-box.key', 'operator-token'])('%s', async (name) => {
    const file = join(folder, name);
    const stopsWith = (line: RegExp): Promise<void> => expectStopHere(11, line);
    await chmod(file, 0o640);
    await stopsWith(/has mode 0640: others can read it, set it to 0600/);
    await chmod(file, 0o600);
    await writeFile(file, 'nonsense');
    await stopsWith(/^(?!.*nonsense).*(is not|are not)/);
    await rm(file);
    await stopsWith(/cannot read .*: make it with radledger-gateway init/);
  });
});

test('a certificate that is none, also of the audit receiver', async () => {
  await writeFile(join(folder, 'authority.pem'), 'nonsense');
  await writeFile(config, `${text()}[audit.syslog]\nhost = "localhost"\nauthority = "authority.pem"\n`);
  expectStop(await run(), 11, /authority\.pem is not a PEM certificate/);
});

describe('what is around it', () => {
  test('an audit trail that nothing may be written behind', async () => {
    await mkdir(join(folder, 'audit'));
    await writeFile(join(folder, 'audit', '2026-01-01.jsonl'), 'not a line\n');
    expectStop(await run(), 13, /audit-verify/);
  });

  test('a busy port', async () => {
    const busy = createServer();
    await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
    const { port } = busy.address() as AddressInfo;
    await writeFile(
      config,
      text().replace('[api]\nhost = "127.0.0.1"\nport = 0', `[api]\nhost = "127.0.0.1"\nport = ${port}`),
    );
    expectStop(await run(), 14, /\(\[api\] in the configuration\) is in use/);
    await new Promise((resolve) => busy.close(resolve));
  });

  test('a node that is not there, or of another chain', async () => {
    await writeFile(config, `chainId = "${'cd'.repeat(32)}"\n${text()}`);
    expectStop(await run(), 15, /belongs to chain (ab)+, not to (cd)+/);
    await writeFile(config, text().replace(node.url, 'http://127.0.0.1:1'));
    expectStop(await run(), 15, /does not answer/);
  });

  test('what finality is judged with: a genesis, recoveries and a checkpoint of this chain', async () => {
    const genesis = join(folder, 'genesis.json');
    const judged = (more = ''): Promise<void> =>
      writeFile(config, text().replace('[api]', `[finality]\ngenesis = "genesis.json"\n${more}[api]`));
    await judged();
    await expectStopHere(12, /genesis\.json is not a genesis: ENOENT/);
    await writeFile(genesis, '{}');
    await expectStopHere(12, /genesis\.json is not a genesis: MALFORMED/);
    const key = (byte: number) => new Uint8Array(32).fill(byte);
    const foreign = genesisToJson({
      format: 1,
      name: 'foreign',
      timeMs: 1_767_225_600_000,
      moduleId: 'other/1',
      policies: { admission: 'open', stake: 'raw' },
      parameters: DEFAULT_PARAMETERS,
      sources: [{ source: key(1), nodeKey: key(2), vrfKey: key(3), endowment: 1 }],
      authorities: [],
      recoveryKeys: [],
      recoveryThreshold: 0,
    });
    await writeFile(genesis, JSON.stringify(foreign));
    await expectStopHere(12, /knows no module other\/1/);
    await writeFile(genesis, JSON.stringify({ ...foreign, moduleId: 'simplex/1' }));
    await expectStopHere(15, /belongs to chain (ab)+, not to [0-9a-f]{64} of .*genesis\.json/);
    await judged('checkpoint = "5"\n');
    await expectStopHere(10, /checkpoint: must be height:id/);
  });

  test('a database in use, or sealed with another key', async () => {
    const gateway = await start();
    expectStop(await run(), 13, /in use by another process/);
    gateway.child.kill('SIGTERM');
    expect(await gateway.exited).toBe(0);
    await writeFile(join(folder, 'secret-box.key'), `${'ef'.repeat(32)}\n`, { mode: 0o600 });
    expectStop(await run(), 13, /does not open with this secret box key/);
  });
});

test('a proxy in front of the patient-facing address says nothing about the ITI-43 listener: there nobody forges where he comes from', async () => {
  const behindProxy = 'port = 0\nrequestsPerMinute = 3\ntrustedProxies = 1\n[operator]';
  await writeFile(config, text().replace('port = 0\n[operator]', behindProxy));
  const gateway = await startHere(await readConfig(config), createLogger('silent'));
  try {
    const statuses = [];
    for (const last of ['1', '2', '3', '4', '5']) {
      const forged = { 'X-Forwarded-For': `203.0.113.${last}` };
      statuses.push(await statusOf(new URL('/v1/claims', gateway.listening.iti43), forged));
    }
    expect(statuses.slice(3)).toEqual([429, 429]);
  } finally {
    await gateway.close();
  }
});

function statusOf(url: URL, headers: Readonly<Record<string, string>>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers, rejectUnauthorized: false }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    });
    sent.once('error', reject).end();
  });
}

test('a wrong command line exits with 2', async () => {
  expect((await runCommand('init', '--folder', folder, '--role', 'king')).code).toBe(2);
  expect((await runCommand('fly')).code).toBe(2);
});

describe('the TLS key', () => {
  /** The pin of who answers at an address. */
  const pinAt = (url: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(url);
      const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
        const { raw } = socket.getPeerX509Certificate() ?? {};
        socket.destroy();
        if (raw === undefined) reject(new Error('no certificate'));
        else resolve(toHex(tlsPinOf(new X509Certificate(raw).toString())));
      });
      socket.once('error', reject);
    });
  const newPair = () => generate([{ name: 'commonName', value: 'gateway' }], { keyType: 'ec', curve: 'P-256' });

  test('is read again on SIGHUP, while connections go on; what is no pair changes nothing', async () => {
    const next = await newPair();
    await writeFile(join(folder, 'next-cert.pem'), next.cert);
    await writeFile(config, text().replace('[recipient]', 'otherTlsCertificates = ["next-cert.pem"]\n[recipient]'));
    const gateway = await start();
    const iti43 = gateway.listening.iti43 as string;
    expect(await pinAt(iti43)).toBe(gateway.listening.tlsPin);

    await writeFile(join(folder, 'tls-cert.pem'), next.cert);
    gateway.child.kill('SIGHUP');
    await vi.waitFor(() => expect(gateway.log()).toContain('the TLS key is kept as it was'), 20_000);
    expect(await pinAt(iti43)).toBe(gateway.listening.tlsPin);

    await writeFile(join(folder, 'tls-key.pem'), next.private, { mode: 0o600 });
    gateway.child.kill('SIGHUP');
    await vi.waitFor(() => expect(gateway.log()).toContain('the TLS key was read again'), 20_000);
    expect(await pinAt(iti43)).toBe(toHex(tlsPinOf(next.cert)));
  });

  test('and the next one are what goes on the ledger', async () => {
    const next = await newPair();
    await writeFile(join(folder, 'next-cert.pem'), next.cert);
    const tlsKey = join(folder, 'tls-key.pem');
    const tlsCertificate = join(folder, 'tls-cert.pem');
    const otherTlsCertificates = [join(folder, 'next-cert.pem')];
    const { pins } = await readTlsIdentity({ tlsKey, tlsCertificate, otherTlsCertificates });
    expect(pins).toEqual([tlsPinOf(await readFile(tlsCertificate, 'utf8')), tlsPinOf(next.cert)]);
    const after = { tlsKey, tlsCertificate, otherTlsCertificates: [tlsCertificate] };
    expect((await readTlsIdentity(after)).pins).toHaveLength(1);
  });
});
