/** Mutual TLS on the listener for other gateways, with certificates that openssl made. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { postPinned } from '@radledger/iti43/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BoundTlsListener, bindTls, type KnownClients, tlsPinOf } from '../src/http/index.js';
import { eventually, TestHospital } from './test-hospital.js';
import { allow, DAY_MS, noticeFor, publishedStudy } from './test-patient.js';

interface Pair {
  readonly key: string;
  readonly cert: string;
}

let folder: string;
let server: Pair;
let authority: Pair;
/** Of the authority; of another one; of nobody but itself. */
let known: Pair;
let stranger: Pair;
let alone: Pair;

const openssl = (...args: readonly string[]): Buffer => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });

async function pair(name: string, issuer?: string): Promise<Pair> {
  const subject = [
    '-subj',
    `/CN=${name}`,
    '-keyout',
    `${name}.key`,
    '-nodes',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
  ];
  if (issuer === undefined) openssl('req', '-x509', '-days', '2', '-out', `${name}.pem`, ...subject);
  else {
    openssl('req', '-out', `${name}.csr`, ...subject);
    await writeFile(join(folder, 'ext'), 'extendedKeyUsage=clientAuth\n');
    const by = ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`, '-CAcreateserial'];
    openssl('x509', '-req', '-in', `${name}.csr`, '-days', '2', '-out', `${name}.pem`, '-extfile', 'ext', ...by);
  }
  const [key, cert] = await Promise.all(['key', 'pem'].map((end) => readFile(join(folder, `${name}.${end}`), 'utf8')));
  return { key: key ?? '', cert: cert ?? '' };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'radledger-mtls-'));
  server = await pair('server');
  authority = await pair('authority');
  await pair('other-authority');
  known = await pair('known', 'authority');
  stranger = await pair('stranger', 'other-authority');
  alone = await pair('alone');
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** One request to a listener; the status, or the code of the failure. */
async function call(listener: BoundTlsListener, client: Pair | undefined): Promise<number | string> {
  try {
    const answer = await postPinned({
      url: new URL(`${listener.url}/`),
      pins: [tlsPinOf(server.cert)],
      addresses: undefined,
      client,
      contentType: 'text/plain',
      body: new Uint8Array(1),
      responseBytesMax: 100,
      idleTimeoutMs: 10_000,
      signal: undefined,
    });
    answer.close();
    return answer.status;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('a listener takes', () => {
  const LOST = 'CONNECTION_LOST';
  test.each([
    ['anybody, unless configured', (): undefined => undefined, [200, 200, 200, 200]],
    ['certificates of its authority', () => ({ authorities: authority.cert }), [LOST, 200, LOST, LOST]],
    ['keys that are pinned', () => ({ pins: [tlsPinOf(alone.cert)] }), [LOST, LOST, LOST, 200]],
    ['either', () => ({ authorities: authority.cert, pins: [tlsPinOf(alone.cert)] }), [LOST, 200, LOST, 200]],
  ] as const)('%s', async (_name, clients: () => KnownClients | undefined, expected) => {
    let refused = 0;
    let requests = 0;
    const chosen = clients();
    const listener = await bindTls({ host: '127.0.0.1', port: 0 }, server, {
      clients: chosen && { ...chosen, onRefusal: () => (refused += 1) },
    });
    listener.mount((_request, response) => {
      requests += 1;
      response.writeHead(200).end();
    });
    try {
      for (const renewed of [false, true]) {
        if (renewed) listener.renew(server);
        const answers = [];
        for (const client of [undefined, known, stranger, alone]) answers.push(await call(listener, client));
        expect(answers).toEqual(expected);
      }
      const lost = expected.filter((answer: number | string) => answer === LOST).length;
      expect({ refused, requests }).toEqual({ refused: 2 * lost, requests: 2 * (4 - lost) });
    } finally {
      await listener.close(0);
    }
  });
});

test('a study is retrieved, and its receipts exchanged, with the certificate that the source asks for; not without', async () => {
  const hospital = await TestHospital.open({ authorities: authority.cert });
  try {
    const patient = await publishedStudy(hospital);
    const { ledger } = hospital;
    for (const [clientCertificate, state, code] of [
      [undefined, 'failed', 'CONNECTION_LOST'],
      [known, 'filed', undefined],
    ] as const) {
      const recipient = await hospital.openRecipient({ clientCertificate });
      const { requestId, link } = await recipient.request({ reason: 'x', wantedUntilMs: ledger.nowMs + DAY_MS });
      await recipient.takeNotice(requestId, (await noticeFor(ledger, patient, link)).sealed);
      if (clientCertificate === undefined) await allow(ledger, patient, recipient.recipientKey);
      const now = async () => (await recipient.requestStatus(requestId)).retrievals[0];
      await hospital.finalizeUntil(async () => (await now())?.state === 'allowed');
      await recipient.fetch(requestId);
      await eventually(async () => (await now())?.state === state);
      expect((await now())?.code).toBe(code);
      if (clientCertificate !== undefined) {
        await eventually(async () => (await recipient.receipts())[0]?.received !== undefined);
        expect(await recipient.withdrawKey()).toMatchObject({ left: [] });
      }
      await recipient.close();
    }
  } finally {
    await hospital.close();
  }
});
