/** Both sides together, over real TLS 1.3 on the loopback interface. */
import { createHash, randomBytes } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { type RetrievedDocument, retrieveDocuments, type RetrieveOptions, signRequest } from '../src/client/index.js';
import type { Iti43Error } from '../src/errors.js';
import { type Answer, NOT_AVAILABLE, type SignedRequest } from '../src/server/index.js';
import { writeMtom } from '../src/mtom-writer.js';
import { rfc8032, signer } from './support/keys.js';
import { listen, pin, type RunningServer, startRepository } from './support/repository.js';
import { bytesOf, inChunks } from './support/test-data.js';

const repositoryUniqueId = rfc8032.test3.publicKey;
const content = 'c0'.repeat(32);
const running: RunningServer[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function repository(
  retrieve: (request: SignedRequest) => Promise<readonly Answer[]>,
  more: Partial<Parameters<typeof startRepository>[0]> = {},
  overrides: Record<string, unknown> = {},
): Promise<RunningServer> {
  const server = await startRepository({ repositoryUniqueId, retrieve, ...more }, overrides);
  running.push(server);
  return server;
}

function documentOf(bytes: Uint8Array, more: Partial<Extract<Answer, { kind: 'document' }>> = {}): Answer {
  return {
    kind: 'document',
    mimeType: 'application/zip',
    newDocumentUniqueId: content,
    open: () => inChunks(bytes, [70_000, 1, 16_384]),
    ...more,
  };
}

function reference(documentUniqueId: string, more: { repositoryUniqueId?: string; homeCommunityId?: string } = {}) {
  return { repositoryUniqueId, documentUniqueId, ...more };
}

function request(
  server: RunningServer,
  documentIds: readonly string[],
  more: Partial<RetrieveOptions> = {},
): RetrieveOptions {
  return {
    endpoint: server.endpoint,
    documents: documentIds.map((id) => reference(id)),
    signer,
    tls: { pins: [pin] },
    limits: { responseBytesMax: 64 * 1024 * 1024 },
    ...more,
  };
}

async function readAll(options: RetrieveOptions) {
  const result = await retrieveDocuments(options);
  const documents: { id: string; bytes: Buffer }[] = [];
  for await (const document of result.documents) {
    documents.push({ id: document.documentUniqueId, bytes: await bytesOf(document.content) });
  }
  return { ...result, documents };
}

/** Reads a response to its end and keeps nothing. */
async function readNothingOf(options: RetrieveOptions): Promise<void> {
  const result = await retrieveDocuments(options);
  for await (const document of result.documents) for await (const _ of document.content);
}

/** Of bytes that are too many to compare one by one in a test. */
function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'resolved',
    (error: Iti43Error) => error.code,
  );
}

describe('success', () => {
  test('documents arrive byte for byte, in order, with their description', async () => {
    const first = randomBytes(1_000_003);
    const second = Buffer.from('ends in CR LF\r\n');
    const asked: SignedRequest[] = [];
    const server = await repository(async (signed) => {
      asked.push(signed);
      return [documentOf(first), documentOf(second, { mimeType: 'text/goofy' }), documentOf(new Uint8Array(0))];
    });
    const result = await retrieveDocuments(
      request(server, [], {
        documents: [
          reference('study-a', { homeCommunityId: 'urn:oid:1.2.3' }),
          reference('study-b'),
          reference('empty'),
        ],
      }),
    );
    expect(result).toMatchObject({ status: 'Success', errors: [] });
    const got = [];
    for await (const { content: stream, ...description } of result.documents) {
      got.push({ ...description, sha256: digestOf(await bytesOf(stream)) });
    }
    expect(got).toEqual([
      {
        repositoryUniqueId,
        documentUniqueId: 'study-a',
        homeCommunityId: 'urn:oid:1.2.3',
        newDocumentUniqueId: content,
        mimeType: 'application/zip',
        sha256: digestOf(first),
      },
      {
        repositoryUniqueId,
        documentUniqueId: 'study-b',
        newDocumentUniqueId: content,
        mimeType: 'text/goofy',
        sha256: digestOf(second),
      },
      {
        repositoryUniqueId,
        documentUniqueId: 'empty',
        newDocumentUniqueId: content,
        mimeType: 'application/zip',
        sha256: digestOf(Buffer.alloc(0)),
      },
    ]);
    expect(asked).toEqual([
      {
        signer: rfc8032.test1.publicKey,
        messageId: result.messageId,
        peerAddress: '127.0.0.1',
        documents: [
          reference('study-a', { homeCommunityId: 'urn:oid:1.2.3' }),
          reference('study-b'),
          reference('empty'),
        ],
      },
    ]);
  });

  test('known sizes announce the size of the whole response', async () => {
    const bytes = randomBytes(5000);
    const server = await repository(async () => [documentOf(bytes, { sizeBytes: 5000 })]);
    const result = await retrieveDocuments(request(server, ['study']));
    expect(result.responseBytes).toBeGreaterThan(5000);
    for await (const document of result.documents) expect(await bytesOf(document.content)).toEqual(bytes);
  });

  test('documents that nobody reads are skipped', async () => {
    const last = randomBytes(100);
    const server = await repository(async () => [
      documentOf(randomBytes(300_000)),
      documentOf(randomBytes(300_000)),
      documentOf(last),
    ]);
    const result = await retrieveDocuments(request(server, ['a', 'b', 'c']));
    for await (const document of result.documents) {
      if (document.documentUniqueId === 'b') for await (const _ of document.content) break;
      if (document.documentUniqueId === 'c') expect(await bytesOf(document.content)).toEqual(last);
    }
  });

  test('leaving early ends the connection', async () => {
    const left = deferred();
    const server = await repository(async () => [
      documentOf(new Uint8Array(0), {
        async *open() {
          try {
            for (;;) yield new Uint8Array(65_536);
          } finally {
            left.resolve();
          }
        },
      }),
    ]);
    const result = await retrieveDocuments(request(server, ['endless']));
    for await (const document of result.documents) {
      for await (const _ of document.content) break;
      break;
    }
    await left.promise;
  });
});

describe('refused documents', () => {
  test('partial success: what may be sent is sent, the rest is named', async () => {
    const bytes = randomBytes(2000);
    const server = await repository(async () => [
      { kind: 'error', errorCode: 'XDSRepositoryBusy', codeContext: 'the view of the ledger is too old' },
      documentOf(bytes),
    ]);
    const foreign = { repositoryUniqueId: rfc8032.test2.publicKey, documentUniqueId: 'elsewhere' };
    const result = await readAll(request(server, [], { documents: [foreign, reference('busy'), reference('there')] }));
    expect(result).toMatchObject({
      status: 'PartialSuccess',
      errors: [
        { errorCode: 'XDSUnknownRepositoryId', severity: 'Error', location: 'elsewhere' },
        {
          errorCode: 'XDSRepositoryBusy',
          codeContext: 'the view of the ledger is too old',
          severity: 'Error',
          location: 'busy',
        },
      ],
      documents: [{ id: 'there', bytes }],
    });
  });

  test('unknown, not granted and revoked read alike, whatever the caller says', async () => {
    const reasons = ['no such study', 'never granted', 'revoked yesterday'];
    const server = await repository(async () =>
      reasons.map((codeContext) => ({ kind: 'error', errorCode: 'XDSDocumentUniqueIdError', codeContext })),
    );
    const result = await readAll(request(server, ['a', 'a', 'a']));
    expect(result.status).toBe('Failure');
    const refusal = {
      errorCode: 'XDSDocumentUniqueIdError',
      codeContext: NOT_AVAILABLE,
      severity: 'Error',
      location: 'a',
    };
    expect(result.errors).toEqual([refusal, refusal, refusal]);
  });

  test('a request for another repository is answered, not faulted, and decides nothing', async () => {
    const refusals: string[] = [];
    const server = await repository(() => Promise.reject(new Error('not asked')), {
      onRefusal: (error) => refusals.push(error.name),
    });
    const documents = [{ repositoryUniqueId: rfc8032.test2.publicKey, documentUniqueId: 'x' }];
    const result = await readAll(request(server, [], { documents }));
    expect(result).toMatchObject({
      status: 'Failure',
      errors: [{ errorCode: 'XDSUnknownRepositoryId' }],
      documents: [],
    });
    expect(refusals).toEqual(['Iti43Error']);
  });

  test.each<[string, () => Promise<readonly Answer[]>]>([
    ['rejects', () => Promise.reject(new Error('ledger is down'))],
    ['answers too few', async () => []],
    ['would smuggle a header', async () => [documentOf(new Uint8Array(1), { mimeType: 'a/b\r\nX: y' })]],
  ])('when retrieve %s the answer is XDSRepositoryError', async (_, retrieve) => {
    const server = await repository(retrieve);
    const result = await readAll(request(server, ['a']));
    expect(result).toMatchObject({ status: 'Failure', errors: [{ errorCode: 'XDSRepositoryError' }] });
    expect(JSON.stringify(result.errors)).not.toContain('ledger is down');
  });
});

describe('streams that end badly', () => {
  test('a document that fails midway ends the connection before the closing boundary', async () => {
    const failure = new Error('the file changed');
    const refusals: unknown[] = [];
    const server = await repository(
      async () => [
        documentOf(new Uint8Array(0), {
          async *open() {
            yield randomBytes(200_000);
            throw failure;
          },
        }),
      ],
      { onRefusal: (error) => refusals.push(error) },
    );
    expect(await codeOf(readAll(request(server, ['a'])))).toBe('CONNECTION_LOST');
    expect(refusals).toEqual([failure]);
  });

  test.each([1, 10_001])('a document of another size than announced (%i) is never complete', async (sizeBytes) => {
    const server = await repository(async () => [documentOf(randomBytes(10_000), { sizeBytes })]);
    expect(await codeOf(readAll(request(server, ['a'])))).toBe('CONNECTION_LOST');
  });

  test('a larger response than allowed is cut off', async () => {
    const server = await repository(async () => [documentOf(randomBytes(500_000))]);
    const options = request(server, ['a'], { limits: { responseBytesMax: 100_000 } });
    expect(await codeOf(readAll(options))).toBe('RESPONSE_TOO_LARGE');
  });

  test('silence within a document is a timeout', async () => {
    const release = deferred();
    const server = await repository(async () => [
      documentOf(new Uint8Array(0), {
        async *open() {
          yield new Uint8Array(10);
          await release.promise;
        },
      }),
    ]);
    const options = request(server, ['a'], { limits: { responseBytesMax: 1_000_000, idleTimeoutMs: 100 } });
    expect(await codeOf(readAll(options))).toBe('TIMEOUT');
    release.resolve();
  });

  test('a reader that takes a little all the time holds a document no longer than the lowest rate allows', async () => {
    const failures: Error[] = [];
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) yield new Uint8Array(65_536);
    };
    const server = await repository(async () => [documentOf(new Uint8Array(0), { open: endless })], {
      limits: { idleTimeoutMs: 100, bytesPerSecondMin: Number.POSITIVE_INFINITY },
      onRefusal: (error: Error) => failures.push(error),
    });
    const limits = { responseBytesMax: Number.MAX_SAFE_INTEGER };
    expect(await codeOf(readNothingOf(request(server, ['a'], { limits })))).toBe('CONNECTION_LOST');
    expect(failures).toMatchObject([{ code: 'TIMEOUT' }]);
  });

  test('a repository that sends a little all the time holds us no longer than the lowest rate allows', async () => {
    const drips = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        yield new Uint8Array(10);
        await nextTurn();
      }
    };
    const server = await repository(async () => [documentOf(new Uint8Array(0), { open: drips })]);
    const limits = {
      responseBytesMax: Number.MAX_SAFE_INTEGER,
      idleTimeoutMs: 200,
      bytesPerSecondMin: Number.POSITIVE_INFINITY,
    };
    expect(await codeOf(readAll(request(server, ['a'], { limits })))).toBe('TIMEOUT');
  });

  test('the caller may give up', async () => {
    const controller = new AbortController();
    const release = deferred();
    const server = await repository(async () => [
      documentOf(new Uint8Array(0), {
        async *open() {
          yield new Uint8Array(100_000);
          controller.abort();
          await release.promise;
        },
      }),
    ]);
    expect(await codeOf(readAll(request(server, ['a'], { signal: controller.signal })))).toBe('ABORTED');
    expect(await codeOf(readAll(request(server, ['a'], { signal: controller.signal })))).toBe('ABORTED');
    release.resolve();
  });

  test('a slow reader does not grow our memory: the source is read only as fast as the network takes it', async () => {
    let produced = 0;
    const server = await repository(async () => [
      documentOf(new Uint8Array(0), {
        async *open() {
          for (let i = 0; i < 2000; i++) {
            produced += 65_536;
            yield new Uint8Array(65_536);
          }
        },
      }),
    ]);
    const result = await retrieveDocuments(request(server, ['a'], { limits: { responseBytesMax: 1e9 } }));
    const iterator = result.documents[Symbol.asyncIterator]();
    const first = (await iterator.next()) as IteratorResult<RetrievedDocument, undefined>;
    await first.value?.content[Symbol.asyncIterator]().next();
    // Kernel buffers and two stream buffers, not the 125 MiB of the document.
    expect(produced).toBeLessThan(32 * 1024 * 1024);
    result.close();
  });
});

describe('the pinned connection', () => {
  test('another key: refused before the request leaves', async () => {
    let requests = 0;
    const server = await listen((_request, response) => {
      requests++;
      response.end();
    });
    running.push(server);
    const options = request(server, ['a'], { tls: { pins: [new Uint8Array(32)] } });
    expect(await codeOf(retrieveDocuments(options))).toBe('PIN_MISMATCH');
    expect(requests).toBe(0);
  });

  test('one of several pins is enough', async () => {
    const server = await repository(async () => [documentOf(new Uint8Array(3))]);
    const options = request(server, ['a'], { tls: { pins: [new Uint8Array(32), pin] } });
    expect((await readAll(options)).status).toBe('Success');
  });

  test('addresses that the caller checked are connected to, whatever the name resolves to now', async () => {
    const server = await repository(async () => [documentOf(new Uint8Array(3))]);
    const endpoint = server.endpoint.replace('127.0.0.1', 'gw.invalid');
    const named = request(server, ['a'], { endpoint, tls: { pins: [pin], addresses: ['127.0.0.1'] } });
    // It reaches the repository, whose own name is another.
    expect(await codeOf(retrieveDocuments(named))).toBe('SOAP_FAULT');
    expect(await codeOf(retrieveDocuments(request(server, ['a'], { endpoint })))).toBe('CONNECTION_FAILED');
  });

  test('TLS 1.2 is not spoken', async () => {
    const server = await repository(async () => [], {}, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });
    expect(await codeOf(retrieveDocuments(request(server, ['a'])))).toBe('CONNECTION_FAILED');
  });

  test('nobody listens', async () => {
    const server = await repository(async () => []);
    await server.close();
    expect(await codeOf(retrieveDocuments(request(server, ['a'])))).toBe('CONNECTION_FAILED');
  });

  test.each<[string, Partial<RetrieveOptions>]>([
    ['http', { endpoint: 'http://127.0.0.1/' }],
    ['no URL', { endpoint: 'x' }],
    ['no pins', { tls: { pins: [] } }],
    ['short pin', { tls: { pins: [new Uint8Array(31)] } }],
    ['no address', { tls: { pins: [new Uint8Array(32)], addresses: [] } }],
    ['an address that is a name', { tls: { pins: [new Uint8Array(32)], addresses: ['localhost'] } }],
    ['no limit', { limits: { responseBytesMax: 0 } }],
    ['no documents', { documents: [] }],
    ['an id of 257 characters', { documents: [reference('x'.repeat(257))] }],
    ['an id that XML cannot carry', { documents: [reference('a\u0000b')] }],
  ])('argument out of range: %s', async (_, more) => {
    const options = {
      ...request({ endpoint: 'https://127.0.0.1:1/', port: 1, close: async () => undefined }, ['a']),
      ...more,
    };
    expect(await codeOf(retrieveDocuments(options))).toBe('INVALID_ARGUMENT');
  });
});

describe('answers that are not answers', () => {
  test.each<[string, string, number, string, string]>([
    ['a redirect', 'text/plain', 302, '', 'HTTP_STATUS'],
    ['a page', 'text/html', 200, '<html></html>', 'HTTP_STATUS'],
    [
      'an envelope for another request',
      'application/soap+xml',
      200,
      '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><e:Header><a:Action>urn:ihe:iti:2007:RetrieveDocumentSetResponse</a:Action><a:RelatesTo>x</a:RelatesTo></e:Header><e:Body><x/></e:Body></e:Envelope>',
      'MALFORMED_MESSAGE',
    ],
    [
      'a truncated package',
      'multipart/related; boundary=b; type="application/xop+xml"',
      200,
      '--b\r\nContent-Type: application/xop+xml\r\n\r\n<',
      'MALFORMED_MESSAGE',
    ],
    [
      'a fault without code',
      'application/soap+xml',
      500,
      '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><e:Fault/></e:Body></e:Envelope>',
      'MALFORMED_MESSAGE',
    ],
    ['a DOCTYPE', 'application/soap+xml', 200, '<!DOCTYPE x><x/>', 'DOCTYPE_REFUSED'],
  ])('%s', async (_, contentType, status, body, code) => {
    const server = await listen((_request, response) => {
      response.writeHead(status, { 'Content-Type': contentType, Location: 'https://127.0.0.1:1/' }).end(body);
    });
    running.push(server);
    expect(await codeOf(retrieveDocuments(request(server, ['a'])))).toBe(code);
  });
});

describe('requests on the wire', () => {
  /** Sends raw bytes and resolves with all that comes back until the connection ends. */
  function raw(server: RunningServer, bytes: Uint8Array | string): Promise<string> {
    return new Promise((resolve) => {
      const socket = connectTls({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false });
      let answer = '';
      socket.on('data', (chunk: Buffer) => {
        answer += chunk.toString('latin1');
      });
      socket.on('error', () => undefined).on('close', () => resolve(answer));
      socket.write(bytes);
    });
  }

  async function signed(
    server: RunningServer,
    change: (envelope: string) => string = (envelope) => envelope,
  ): Promise<string> {
    const { envelope } = await signRequest({
      endpointUrl: server.endpoint,
      documents: [reference('a')],
      signer,
      now: new Date(),
    });
    return change(new TextDecoder().decode(envelope));
  }

  async function post(envelope: string, headers: Record<string, string> = {}): Promise<Buffer> {
    const message = writeMtom(Buffer.from(envelope), []);
    const body = await bytesOf(message.chunks());
    const all = {
      Host: 'x',
      'Content-Type': message.contentType,
      'Content-Length': String(body.length),
      Connection: 'close',
      ...headers,
    };
    const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    return Buffer.concat([Buffer.from(`POST /xds/iti43 HTTP/1.1\r\n${head.join('')}\r\n`), body]);
  }

  test('the same request twice: the second is refused and decides nothing', async () => {
    let decisions = 0;
    const refusals: (string | undefined)[] = [];
    const server = await repository(
      async () => {
        decisions++;
        return [documentOf(Buffer.from('once'))];
      },
      { onRefusal: (error) => refusals.push('code' in error ? error.code : undefined) },
    );
    const bytes = await post(await signed(server));
    expect(await raw(server, bytes)).toMatch(/^HTTP\/1.1 200 /);
    const again = await raw(server, bytes);
    expect(again).toMatch(/^HTTP\/1.1 400 /);
    expect(again).toContain('wsse:FailedCheck');
    expect(again).not.toMatch(/replay/i);
    expect(decisions).toBe(1);
    expect(refusals).toEqual(['REPLAYED']);
  });

  test('a MessageID is remembered for as long as its request could be valid', async () => {
    const asked: [string, string, number][] = [];
    const server = await repository(async () => [documentOf(new Uint8Array(1))], {
      now: () => new Date('2026-01-01T00:00:00Z'),
      replay: {
        async remember(...question) {
          asked.push(question);
          return true;
        },
      },
    });
    const { messageId } = await readAll(request(server, ['a'], { now: () => new Date('2026-01-01T00:04:59Z') }));
    expect(asked).toEqual([[rfc8032.test1.publicKey, messageId, Date.parse('2026-01-01T00:15:00Z')]]);
  });

  test('when the replay store fails, nothing is decided and nothing is told', async () => {
    const server = await repository(() => Promise.reject(new Error('not asked')), {
      replay: { remember: () => Promise.reject(new Error('disk full')) },
    });
    const answer = await raw(server, await post(await signed(server)));
    expect(answer).toMatch(/^HTTP\/1.1 500 /);
    expect(answer).toContain('<soap:Value>soap:Receiver</soap:Value>');
    expect(answer).not.toContain('disk');
  });

  test.each<[string, (envelope: string) => string, number, string]>([
    ['DOCTYPE', (xml) => `<!DOCTYPE a [<!ENTITY b "c">]>${xml}`, 400, 'soap:Sender'],
    [
      'SOAP 1.1',
      (xml) => xml.replaceAll('http://www.w3.org/2003/05/soap-envelope', 'http://schemas.xmlsoap.org/soap/envelope/'),
      500,
      'soap:VersionMismatch',
    ],
    [
      'unknown mandatory header',
      (xml) => xml.replace('<soap:Header>', '<soap:Header><u:X xmlns:u="urn:u" soap:mustUnderstand="true"/>'),
      500,
      'soap:MustUnderstand',
    ],
    [
      'another Action',
      (xml) => xml.replace('RetrieveDocumentSet</wsa:Action>', 'Bogus</wsa:Action>'),
      400,
      'wsa:ActionNotSupported',
    ],
    ['no Action', (xml) => xml.replace(/<wsa:Action.*<\/wsa:Action>/, ''), 400, 'wsa:MessageAddressingHeaderRequired'],
    [
      'two MessageIDs',
      (xml) => xml.replace(/(<wsa:MessageID.*<\/wsa:MessageID>)/, '$1$1'),
      400,
      'wsa:InvalidCardinality',
    ],
    [
      'a reply elsewhere',
      (xml) => xml.replace('addressing/anonymous', 'addressing/none'),
      400,
      'wsa:OnlyAnonymousAddressSupported',
    ],
    [
      'an unsigned FaultTo elsewhere',
      (xml) =>
        xml.replace(
          '<wsse:Security',
          '<wsa:FaultTo xmlns:wsa="http://www.w3.org/2005/08/addressing"><wsa:Address>https://a.example</wsa:Address></wsa:FaultTo><wsse:Security',
        ),
      400,
      'wsa:OnlyAnonymousAddressSupported',
    ],
    [
      'another document',
      (xml) => xml.replace('>a</xds:DocumentUniqueId>', '>b</xds:DocumentUniqueId>'),
      400,
      'wsse:FailedCheck',
    ],
    ['no signature', (xml) => xml.replace(/<ds:Signature .*<\/ds:Signature>/, ''), 400, 'wsse:InvalidSecurity'],
  ])('fault: %s', async (_, change, status, code) => {
    const server = await repository(async () => [documentOf(new Uint8Array(1))]);
    const envelope = await signed(server, change);
    const answer = await raw(server, await post(envelope));
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('application/soap+xml');
    expect(answer).toContain(`<soap:Value>${code}</soap:Value>`);
    const messageId = /<wsa:MessageID[^>]*>([^<]*)</.exec(envelope)?.[1];
    const relates = !['DOCTYPE', 'SOAP 1.1', 'two MessageIDs'].includes(_);
    expect(answer.includes(`<wsa:RelatesTo>${messageId}</wsa:RelatesTo>`)).toBe(relates);
  });

  test('an unsigned, anonymous FaultTo is ignored', async () => {
    const server = await repository(async () => [documentOf(new Uint8Array(1))]);
    const envelope = await signed(server, (xml) =>
      xml.replace(
        '<wsse:Security',
        '<f:FaultTo xmlns:f="http://www.w3.org/2005/08/addressing"><f:Address>http://www.w3.org/2005/08/addressing/anonymous</f:Address></f:FaultTo><wsse:Security',
      ),
    );
    expect(await raw(server, await post(envelope))).toMatch(/^HTTP\/1.1 200 /);
  });

  test.each([
    'text/xml',
    'application/soap+xml',
    'multipart/related; boundary=a',
    'multipart/related; type="text/xml"; boundary=a',
    '',
  ])('Content-Type %j: 415 with a Fault', async (contentType) => {
    const server = await repository(async () => []);
    const answer = await raw(server, await post(await signed(server), { 'Content-Type': contentType }));
    expect(answer).toMatch(/^HTTP\/1.1 415 /);
    expect(answer).toContain('<soap:Value>soap:Sender</soap:Value>');
  });

  test.each<[string, (body: string) => string, string]>([
    ['without its closing boundary', (body) => body.slice(0, -4), 'truncated'],
    ['without the root part', (body) => body.replace('Content-ID', 'Content-Id-2'), 'no-root'],
    ['with a root in base64', (body) => body.replace('Encoding: binary', 'Encoding: base64'), 'transfer-encoding'],
  ])('a package %s: 400 that names the rule', async (_, damage, rule) => {
    const server = await repository(async () => []);
    const message = writeMtom(Buffer.from(await signed(server)), []);
    const body = damage((await bytesOf(message.chunks())).toString('latin1'));
    const head = `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: ${message.contentType}\r\nContent-Length: ${body.length}\r\n\r\n`;
    const answer = await raw(server, head + body);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toContain(rule);
  });

  test('too large, announced or not: 413', async () => {
    const server = await repository(async () => [], { limits: { requestBytesMax: 2000 } });
    expect(await raw(server, await post(await signed(server)))).toMatch(/^HTTP\/1.1 413 /);
    const chunk = `${(3000).toString(16)}\r\n${'x'.repeat(3000)}\r\n`;
    const head =
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/related; boundary=a; type="application/xop+xml"\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(await raw(server, head + chunk)).toMatch(/^HTTP\/1.1 413 /);
  });

  test('GET changes nothing and says what is possible', async () => {
    const server = await repository(async () => []);
    expect(await raw(server, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/^HTTP\/1.1 405 .*Allow: POST/s);
  });

  test('a body that never ends is cut off in time', async () => {
    const server = await repository(async () => [], { limits: { requestTimeoutMs: 50 } });
    const head =
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/related; boundary=a; type="application/xop+xml"\r\nContent-Length: 100\r\n\r\n--a';
    expect(await raw(server, head)).toBe('');
  });

  test('headers that never end are cut off in time', async () => {
    const server = await repository(
      async () => [],
      {},
      { headersTimeout: 50, requestTimeout: 100, connectionsCheckingInterval: 20 },
    );
    expect(await raw(server, 'POST / HTTP/1.1\r\nHost:')).toMatch(/^HTTP\/1.1 408 /);
  });

  test('huge headers are refused', async () => {
    const server = await repository(async () => []);
    expect(await raw(server, `POST / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 431 /,
    );
  });

  test('a plain-text connection gets nothing', async () => {
    const server = await repository(async () => []);
    const answer = await new Promise<string>((resolve) => {
      const socket = connectTcp(server.port, '127.0.0.1', () => socket.write('POST / HTTP/1.1\r\nHost: x\r\n\r\n'));
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
      });
      socket.on('error', () => undefined).on('close', () => resolve(text));
    });
    expect(answer).not.toContain('HTTP/1.1 200');
  });

  test('a Fault reaches our consumer as SOAP_FAULT with its codes', async () => {
    const server = await repository(async () => []);
    const options = request(server, ['a'], { now: () => new Date(Date.now() - 3_600_000) });
    await expect(retrieveDocuments(options)).rejects.toMatchObject({
      code: 'SOAP_FAULT',
      info: {
        faultCode: 'Sender',
        subcodes: [
          '{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}MessageExpired',
        ],
      },
    });
  });
});
