// Goal: a Document Consumer that we did not write retrieves from us. Method: Python's zeep, lxml and cryptography of Debian against a real gateway; the certificate is checked against
// the file that the network file names.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LocalNet, type NetworkFile, playStory, startLocalNet } from '@radledger/devnet';
import { randomBytes, sha256, toHex } from '@radledger/primitives';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const PYTHON = '/usr/bin/python3';
const isMissing = !existsSync('/usr/lib/python3/dist-packages/zeep') && process.env['CI'] === undefined;
const REQUESTER = fileURLToPath(new URL('../peers/zeep/requester.py', import.meta.url));
const WSDL = fileURLToPath(new URL('../../data/iti43/ipf/wsdl/iti43.wsdl', import.meta.url));

interface Answer {
  readonly status?: string;
  readonly errors?: readonly { readonly errorCode: string; readonly location: string | null }[];
  readonly documents?: readonly {
    readonly documentUniqueId: string;
    readonly sha256: string;
    readonly bytes: number;
  }[];
  readonly fault?: { readonly code: string; readonly subcodes: readonly string[] };
}

describe.skipIf(isMissing)('zeep', () => {
  let folder: string;
  let net: LocalNet;
  let study: NetworkFile['studies'][number];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'radledger-zeep-'));
    net = await startLocalNet(folder, { onStarted: () => undefined });
    [study] = (await playStory(net.cast, () => undefined)) as [typeof study];
  }, 300_000);
  afterAll(async () => {
    await net.stop();
    await rm(folder, { recursive: true });
  });

  async function ask(request: {
    readonly documents: readonly (readonly [string, string])[];
    readonly messageId?: string;
    readonly createdAgoSeconds?: number;
  }): Promise<Answer> {
    const [source] = net.network.sources;
    const [recipient] = net.network.recipients;
    const files = [source?.tlsCertificateFile, recipient?.keyFile].map((name) => join(folder, name ?? ''));
    return new Promise((resolve, reject) => {
      const child = execFile(
        PYTHON,
        [REQUESTER, WSDL, source?.iti43 ?? '', ...files, folder],
        (error, stdout, stderr) => {
          if (error) reject(new Error(stderr, { cause: error }));
          else resolve(JSON.parse(stdout) as Answer);
        },
      );
      child.stdin?.end(JSON.stringify(request));
    });
  }
  const wanted = (): [string, string] => [study.repositoryUniqueId, study.documentUniqueId];
  const unknown = (): [string, string] => [study.repositoryUniqueId, toHex(randomBytes(32))];

  test('Success: the study, to the last byte', async () => {
    const answer = await ask({ documents: [wanted()] });
    expect(answer).toMatchObject({ status: 'Success', errors: [] });
    expect(answer.documents).toMatchObject([
      { documentUniqueId: study.documentUniqueId, mimeType: 'application/zip', sha256: study.zipSha256 },
    ]);
    const written = await readFile(join(folder, 'document-0'));
    expect(toHex(sha256(written))).toBe(study.zipSha256);
  });

  test('PartialSuccess: one error for each that is not given', async () => {
    const [, missing] = unknown();
    const foreign: [string, string] = [toHex(randomBytes(32)), study.documentUniqueId];
    const answer = await ask({ documents: [[study.repositoryUniqueId, missing], wanted(), foreign] });
    expect(answer.status).toBe('PartialSuccess');
    expect(answer.documents).toHaveLength(1);
    expect(answer.errors).toEqual([
      { errorCode: 'XDSDocumentUniqueIdError', location: missing },
      { errorCode: 'XDSUnknownRepositoryId', location: study.documentUniqueId },
    ]);
  });

  test('Failure: nothing but errors', async () => {
    const answer = await ask({ documents: [unknown()] });
    expect(answer).toMatchObject({
      status: 'Failure',
      documents: [],
      errors: [{ errorCode: 'XDSDocumentUniqueIdError' }],
    });
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
