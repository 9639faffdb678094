// Goal: Document Consumers and a Document Repository that we did not write work with ours. Method: Python's zeep, and JAX-WS RI with the JDK's XML signatures, against a real gateway
// whose certificate they check against the file that the network file names; our client against JAX-WS RI.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type LocalNet, type NetworkFile, playStory, startLocalNet } from '@radledger/devnet';
import { retrieveDocuments } from '@radledger/iti43/client';
import { spkiPinOf } from '@radledger/iti43';
import { createSigner, randomBytes, sha256, toHex } from '@radledger/primitives';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { compileJaxwsPeers, jaxwsIsMissing } from '../src/jaxws.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 });
const run = promisify(execFile);
const PYTHON = '/usr/bin/python3';
const zeepIsMissing = !existsSync('/usr/lib/python3/dist-packages/zeep') && process.env['CI'] === undefined;
const REQUESTER = fileURLToPath(new URL('../peers/zeep/requester.py', import.meta.url));
const WSDL = fileURLToPath(new URL('../../data/iti43/ipf/wsdl/iti43.wsdl', import.meta.url));

interface Answer {
  readonly status?: string;
  readonly errors?: readonly { readonly errorCode: string; readonly location: string | null }[];
  readonly documents?: readonly { readonly documentUniqueId: string; readonly sha256: string }[];
  readonly fault?: { readonly code: string; readonly subcodes: readonly string[] };
}

let folder: string;
let net: LocalNet;
let study: NetworkFile['studies'][number];
/** ITI-43 endpoint, certificate file, key file. */
let endpoint: readonly [string, string, string];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'radledger-foreign-'));
  net = await startLocalNet(folder, { onStarted: () => undefined });
  [study] = (await playStory(net.cast, () => undefined)) as [typeof study];
  const [source] = net.network.sources;
  const [recipient] = net.network.recipients;
  endpoint = [
    source?.iti43 ?? '',
    join(folder, source?.tlsCertificateFile ?? ''),
    join(folder, recipient?.keyFile ?? ''),
  ];
});
afterAll(async () => {
  await net.stop();
  await rm(folder, { recursive: true });
});
const wanted = (): [string, string] => [study.repositoryUniqueId, study.documentUniqueId];
const unknown = (): [string, string] => [study.repositoryUniqueId, toHex(randomBytes(32))];

describe.skipIf(zeepIsMissing)('zeep retrieves from us', () => {
  async function ask(request: {
    readonly documents: readonly (readonly [string, string])[];
    readonly messageId?: string;
    readonly createdAgoSeconds?: number;
  }): Promise<Answer> {
    const asking = run(PYTHON, [REQUESTER, WSDL, ...endpoint, folder]);
    asking.child.stdin?.end(JSON.stringify(request));
    return JSON.parse((await asking).stdout) as Answer;
  }

  test('Success: the study, to the last byte', async () => {
    const answer = await ask({ documents: [wanted()] });
    expect(answer).toMatchObject({ status: 'Success', errors: [] });
    expect(answer.documents).toMatchObject([
      { documentUniqueId: study.documentUniqueId, mimeType: 'application/zip', sha256: study.zipSha256 },
    ]);
    expect(toHex(sha256(await readFile(join(folder, 'document-0'))))).toBe(study.zipSha256);
  });

  test('PartialSuccess: one error for each that is not given', async () => {
    const missing = unknown();
    const foreign: [string, string] = [toHex(randomBytes(32)), study.documentUniqueId];
    const answer = await ask({ documents: [missing, wanted(), foreign] });
    expect(answer.status).toBe('PartialSuccess');
    expect(answer.documents).toHaveLength(1);
    expect(answer.errors).toEqual([
      { errorCode: 'XDSDocumentUniqueIdError', location: missing[1] },
      { errorCode: 'XDSUnknownRepositoryId', location: study.documentUniqueId },
    ]);
  });

  test('Failure: nothing but errors', async () => {
    const errors = [{ errorCode: 'XDSDocumentUniqueIdError' }];
    expect(await ask({ documents: [unknown()] })).toMatchObject({ status: 'Failure', documents: [], errors });
  });

  test('Faults: a request that comes twice, and one that is old', async () => {
    const messageId = `urn:uuid:${toHex(randomBytes(16))}`;
    expect(await ask({ documents: [wanted()], messageId })).toMatchObject({ status: 'Success' });
    const again = await ask({ documents: [wanted()], messageId });
    expect(again.fault?.code).toMatch(/:Sender$/);
    expect(again.fault?.subcodes.join()).toContain('FailedCheck');
    const old = await ask({ documents: [wanted()], createdAgoSeconds: 3_600 });
    expect(old.fault?.code).toMatch(/:Sender$/);
    expect(old.fault?.subcodes.join()).toContain('MessageExpired');
  });
});

describe.skipIf(jaxwsIsMissing)('JAX-WS RI', () => {
  let java: readonly string[];
  beforeAll(async () => {
    java = await compileJaxwsPeers(join(folder, 'jaxws'));
  });

  describe('retrieves from us', () => {
    async function ask(documents: readonly (readonly [string, string])[], createdAgoSeconds = 0): Promise<string> {
      const { recipient } = net.cast.practice;
      const key = [endpoint[2], toHex(recipient.publicKey), String(createdAgoSeconds), WSDL];
      const asking = run('java', [...java, 'Requester', endpoint[0], endpoint[1], ...key, ...documents.flat()]);
      return (await asking).stdout.trim();
    }

    test('Success, PartialSuccess and Failure', async () => {
      expect(await ask([wanted()])).toBe(`Success||${study.zipSha256}`);
      expect(await ask([wanted(), unknown()])).toBe(`PartialSuccess|XDSDocumentUniqueIdError|${study.zipSha256}`);
      expect(await ask([unknown(), unknown()])).toBe('Failure|XDSDocumentUniqueIdError,XDSDocumentUniqueIdError|');
      // A request that names no document of this repository.
      expect(await ask([[toHex(randomBytes(32)), study.documentUniqueId]])).toBe('Failure|XDSUnknownRepositoryId|');
    });

    test('a Fault for a request that is old', async () => {
      expect(await ask([wanted()], 3_600)).toBe('FAULT|Sender|MessageExpired');
    });
  });

  describe('serves us', () => {
    const ID = 'ab'.repeat(32);
    let repository: ChildProcess;
    let url: string;
    let pin: Uint8Array;
    const documents = { small: Buffer.from('ends in CR LF\r\n'), large: Buffer.alloc(3_000_001, randomBytes(65_521)) };
    beforeAll(async () => {
      const held = join(folder, 'held');
      await mkdir(held);
      for (const [name, bytes] of Object.entries(documents)) await writeFile(join(held, name), bytes);
      const tls = await generate([{ name: 'commonName', value: 'jvm' }], { keyType: 'ec' });
      const file = (name: string): string => join(folder, name);
      await writeFile(file('jvm-key.pem'), tls.private);
      await writeFile(file('jvm-cert.pem'), tls.cert);
      const store = [
        '-inkey',
        file('jvm-key.pem'),
        '-in',
        file('jvm-cert.pem'),
        '-out',
        file('jvm.p12'),
        '-passout',
        'pass:test',
      ];
      await run('openssl', ['pkcs12', '-export', ...store]);
      pin = spkiPinOf(tls.cert);
      repository = spawn('java', [...java, 'Repository', held, ID, file('jvm.p12'), 'test'], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      for await (const line of createInterface({ input: repository.stdout! })) {
        url = `https://127.0.0.1:${line}/xds/iti43`;
        break;
      }
    });
    afterAll(async () => {
      const exited = once(repository, 'exit');
      repository.stdin?.end();
      await exited;
    });

    async function retrieve(ids: readonly string[], repositoryUniqueId = ID) {
      const result = await retrieveDocuments({
        endpoint: url,
        documents: ids.map((documentUniqueId) => ({ repositoryUniqueId, documentUniqueId })),
        signer: await createSigner(new Uint8Array(32).fill(5)),
        tls: { pins: [pin] },
        limits: { responseBytesMax: 16 * 1024 * 1024 },
      });
      const contents = new Map<string, Buffer>();
      for await (const { documentUniqueId, content } of result.documents) {
        const chunks: Uint8Array[] = [];
        for await (const chunk of content) chunks.push(chunk);
        contents.set(documentUniqueId, Buffer.concat(chunks));
      }
      return { status: result.status, errors: result.errors.map(({ errorCode }) => errorCode), contents };
    }

    test('Success: our signature verifies there, and every byte arrives here', async () => {
      const { status, errors, contents } = await retrieve(['small', 'large']);
      expect([status, errors]).toEqual(['Success', []]);
      expect(contents).toEqual(new Map(Object.entries(documents)));
    });

    test('PartialSuccess and Failure', async () => {
      const partial = await retrieve(['small', 'none']);
      expect([partial.status, partial.errors]).toEqual(['PartialSuccess', ['XDSDocumentUniqueIdError']]);
      expect([...partial.contents.keys()]).toEqual(['small']);
      const failure = await retrieve(['small'], 'cd'.repeat(32));
      expect([failure.status, failure.errors]).toEqual(['Failure', ['XDSUnknownRepositoryId']]);
    });
  });
});
