// Goal: an archive that is broken, slow or hostile costs an error with a code, never memory, a hang or a wrong study. Method: a server that answers what each case says.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sampleInstance } from '@radledger/imaging/conformance';
import type { QuarantinedStudy } from '@radledger/imaging';
import { sha256 } from '@radledger/primitives';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDicomwebArchive, type DicomwebArchive } from '../src/index.js';

const STUDY = '2.25.1';
const file = sampleInstance({ studyInstanceUid: STUDY, seriesInstanceUid: '2.25.2', sopInstanceUid: '2.25.3' });

let server: Server;
let archive: DicomwebArchive;
let answer: RequestListener;
let asked: string[];
let baseUrl: () => string;
beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  baseUrl = () => `http://127.0.0.1:${port}/dicom-web/`;
  archive = createDicomwebArchive({ baseUrl: baseUrl(), idleTimeoutMs: 300 });
});
afterEach(async () => {
  await archive.close();
  server.closeAllConnections();
  server.close();
});

const json = (value: unknown) => (_request: IncomingMessage, response: ServerResponse) =>
  void response.setHeader('content-type', 'application/dicom+json').end(JSON.stringify(value));
const text = (value: string) => ({ vr: 'UI', Value: [value] });
const instanceMatch = (sop = '2.25.3', series = '2.25.2') => ({ '00080018': text(sop), '0020000E': text(series) });

/** QIDO answers one instance once, WADO what the case says. */
function withInstance(wado: RequestListener): RequestListener {
  return (request, response) => {
    if (request.url?.includes('?')) json(request.url.includes('offset=0') ? [instanceMatch()] : [])(request, response);
    else wado(request, response);
  };
}

async function list(): Promise<number> {
  let studies = 0;
  for await (const _ of archive.listStudies()) studies += 1;
  return studies;
}

async function read(): Promise<Uint8Array> {
  const snapshot = await archive.openStudy(STUDY);
  const chunks: Uint8Array[] = [];
  for await (const chunk of snapshot.instances[0]?.open() ?? []) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('QIDO-RS', () => {
  test('no match is an empty list, with HTTP 200 and with 204', async () => {
    answer = json([]);
    expect(await list()).toBe(0);
    answer = (_request, response) => void response.writeHead(204).end();
    expect(await list()).toBe(0);
  });

  test('pages are asked for until one has nothing new; an archive without offset ends too', async () => {
    answer = json([{ '0020000D': text(STUDY), '00201208': { vr: 'IS', Value: ['7'] } }]);
    const listed: unknown[] = [];
    for await (const study of archive.listStudies()) listed.push(study);
    expect(listed).toEqual([{ studyInstanceUid: STUDY, instances: 7 }]);
    expect(asked).toHaveLength(2);
  });

  /** An archive that gives `perPage` a page and does something to its studies before each answer. */
  const pagesOf = (studies: string[], perPage: number, change: (page: number) => void): RequestListener => {
    let pages = 0;
    return (request, response) => {
      change(pages++);
      const { searchParams } = new URL(request.url ?? '', 'http://a');
      const offset = Number(searchParams.get('offset'));
      const page = studies.slice(offset, offset + perPage);
      json(page.map((uid) => ({ '0020000D': text(uid) })))(request, response);
    };
  };
  const listed = async (): Promise<string[]> => {
    const uids: string[] = [];
    for await (const { studyInstanceUid } of archive.listStudies()) uids.push(studyInstanceUid);
    return uids;
  };

  test('an archive that takes a study in, or lets one go, while it is listed', async () => {
    const one = ['2.25.1', '2.25.2', '2.25.3', '2.25.4'];
    answer = pagesOf(one, 2, (page) => void (page === 1 && one.unshift('2.25.5')));
    expect(await listed()).toEqual(['2.25.1', '2.25.2', '2.25.3', '2.25.4']);
    const other = ['2.25.1', '2.25.2', '2.25.3', '2.25.4'];
    answer = pagesOf(other, 2, (page) => void (page === 1 && other.shift()));
    expect(await listed()).toEqual(['2.25.1', '2.25.2', '2.25.3', '2.25.4']);
  });

  test('whatever comes and goes between pages, what stays is listed once', async () => {
    const changes = fc.array(fc.record({ page: fc.nat(8), at: fc.nat(30), isNew: fc.boolean() }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.nat(30), fc.integer({ min: 2, max: 7 }), changes, async (count, perPage, planned) => {
        const studies = Array.from({ length: count }, (_, index) => `2.25.${index + 1}`);
        const stayed = new Set(studies);
        answer = pagesOf(studies, perPage, (page) => {
          for (const { at, isNew } of planned.filter((change) => change.page === page)) {
            if (isNew) studies.splice(at, 0, `2.26.${studies.length}.${at}.${page}`);
            else for (const gone of studies.splice(at, 1)) stayed.delete(gone);
          }
        });
        const uids = await listed();
        expect(new Set(uids).size).toBe(uids.length);
        expect(uids.filter((uid) => stayed.has(uid)).sort()).toEqual([...stayed].sort());
      }),
      { seed: 23, numRuns: 100 },
    );
  });

  test('an archive that knows nothing beyond its first page is listed as far as it goes', async () => {
    const studies = ['2.25.1', '2.25.2', '2.25.3'];
    answer = (request, response) =>
      json(request.url?.endsWith('offset=0') ? studies.map((uid) => ({ '0020000D': text(uid) })) : [])(
        request,
        response,
      );
    expect(await listed()).toEqual(studies);
    expect(asked.length).toBeLessThan(50);
  });

  test('the order of a study is told with its issuer, where the archive knows it', async () => {
    const issuer = (tag: string, value: string) => ({ vr: 'SQ', Value: [{ [tag]: { vr: 'UT', Value: [value] } }] });
    const study = (uid: string, more: object) => ({ '0020000D': text(uid), ...more });
    const number = { '00080050': { vr: 'SH', Value: ['A1 '] } };
    answer = json([
      study('2.25.1', number),
      study('2.25.2', { ...number, '00080051': issuer('00400032', '1.2.3') }),
      study('2.25.3', { ...number, '00080051': issuer('00400031', 'RIS') }),
      study('2.25.4', { '00080050': { vr: 'SH' } }),
    ]);
    const accessions: unknown[] = [];
    for await (const { accession } of archive.listStudies()) accessions.push(accession);
    expect(accessions).toEqual([
      { number: 'A1', issuer: undefined },
      { number: 'A1', issuer: '1.2.3' },
      { number: 'A1', issuer: 'RIS' },
      undefined,
    ]);
    expect(asked[0]).toContain('includefield=00080051');
  });

  test('an instance that is named in two series is refused, in one page and in two', async () => {
    answer = json([instanceMatch(), instanceMatch('2.25.3', '2.25.9')]);
    await expect(archive.openStudy(STUDY)).rejects.toMatchObject({ info: { rule: 'duplicate' } });
    const pages = [instanceMatch('2.25.3'), instanceMatch('2.25.4'), instanceMatch('2.25.3', '2.25.9')];
    answer = (request, response) => {
      const offset = Number(new URL(request.url ?? '', 'http://a').searchParams.get('offset'));
      json(pages.slice(offset, offset + 1))(request, response);
    };
    await expect(archive.openStudy(STUDY)).rejects.toMatchObject({ code: 'DUPLICATE_INSTANCE' });
  });

  test('a study whose UID cannot stand in an address is not listed; one of a megabyte is no answer', async () => {
    answer = (request, response) =>
      json(request.url?.includes('offset=0') ? [{ '0020000D': text('../x') }, { '0020000D': text('2.25.1') }] : [])(
        request,
        response,
      );
    expect(await list()).toBe(1);
    answer = json([{ '0020000D': text('1'.repeat(1_000_000)) }]);
    await expect(list()).rejects.toMatchObject({ info: { rule: 'match' } });
  });

  test('whether a study is there is one question, and an answer to another is none', async () => {
    answer = json([{ '0020000D': text('2.25.77') }]);
    expect(await archive.hasStudy?.(STUDY)).toBe(false);
    asked = [];
    answer = json([{ '0020000D': text(STUDY) }]);
    expect(await archive.hasStudy?.(STUDY)).toBe(true);
    expect(asked).toEqual([`GET /dicom-web/studies?StudyInstanceUID=${STUDY}&limit=1000&offset=0`]);
    await expect(archive.hasStudy?.('x/../y')).rejects.toMatchObject({ code: 'INVALID_UID' });
  });

  test.each<[string, unknown]>([
    ['no list', { hello: 1 }],
    ['a list of texts', ['x']],
    ['a match without its UID', [{}]],
    ['a UID that is no text', [{ '0020000D': { vr: 'UI', Value: [7] } }]],
    ['an attribute that is none', [{ '0020000D': null }]],
  ])('%s', async (_name, value) => {
    answer = json(value);
    await expect(list()).rejects.toMatchObject({ code: 'ARCHIVE_ANSWER_INVALID' });
  });

  test('what is no JSON, and JSON without end', async () => {
    answer = (_request, response) => void response.end('<html>');
    await expect(list()).rejects.toMatchObject({ info: { rule: 'json' } });
    answer = (_request, response) => {
      const more = (): void => {
        while (response.write(' '.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    };
    await expect(list()).rejects.toMatchObject({ info: { rule: 'json-size' } });
  });

  test.each(['../../admin', '2.25.3/frames/1', '2.25.3?x', '', '1'.repeat(65)])(
    'a UID %j never reaches an address',
    async (uid) => {
      answer = json([instanceMatch(uid)]);
      const error: unknown = await archive.openStudy(STUDY).catch((thrown: unknown) => thrown);
      expect(['INVALID_UID', 'ARCHIVE_ANSWER_INVALID']).toContain((error as { code: string }).code);
      await expect(archive.openStudy(uid)).rejects.toMatchObject({ code: 'INVALID_UID' });
      expect(asked.every((line) => line.startsWith(`GET /dicom-web/studies/${STUDY}/instances?`))).toBe(true);
    },
  );

  test.each([301, 302, 307, 401, 403, 404, 500, 503])('HTTP %i is said and not followed', async (status) => {
    answer = (_request, response) => void response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end('x');
    await expect(list()).rejects.toMatchObject({ code: 'ARCHIVE_REFUSED', info: { status } });
    expect(asked).toHaveLength(1);
  });
});

describe('WADO-RS', () => {
  const multipart = (...parts: readonly Uint8Array[]): Buffer =>
    Buffer.concat([
      ...parts.flatMap((part) => [Buffer.from('\r\n--b\r\nContent-Type: application/dicom\r\n\r\n'), part]),
      Buffer.from('\r\n--b--'),
    ]);
  const sendMultipart = (body: Uint8Array) => (_request: IncomingMessage, response: ServerResponse) =>
    void response.setHeader('content-type', 'multipart/related; type="application/dicom"; boundary=b').end(body);

  test('asks for the stored transfer syntax, and takes one part or the file itself', async () => {
    let accept: string | undefined;
    answer = withInstance((request, response) => {
      accept = request.headers.accept;
      sendMultipart(multipart(file))(request, response);
    });
    expect(await read()).toEqual(Buffer.from(file));
    expect(accept).toBe('multipart/related; type="application/dicom"; transfer-syntax=*');
    answer = withInstance(
      (_request, response) => void response.setHeader('content-type', 'application/dicom').end(file),
    );
    expect(await read()).toEqual(Buffer.from(file));
  });

  test.each<[string, RequestListener, object]>([
    ['gone', (_request, response) => void response.writeHead(404).end(), { code: 'INSTANCE_CHANGED' }],
    ['refused', (_request, response) => void response.writeHead(503).end(), { code: 'ARCHIVE_REFUSED' }],
    [
      'a page of a proxy',
      (_request, response) => void response.setHeader('content-type', 'text/html').end('x'),
      { info: { rule: 'media-type' } },
    ],
    ['two instances', sendMultipart(multipart(file, file)), { info: { rule: 'parts' } }],
    ['none', sendMultipart(Buffer.from('--b--')), { info: { rule: 'parts' } }],
    ['cut off', sendMultipart(multipart(file).subarray(0, 300)), { info: { rule: 'multipart' } }],
    [
      'headers without end',
      sendMultipart(Buffer.from(`--b\r\nA: ${'x'.repeat(20_000)}`)),
      { info: { rule: 'multipart-size' } },
    ],
  ])('%s', async (_name, wado, error) => {
    answer = withInstance(wado);
    await expect(read()).rejects.toMatchObject(error);
  });

  test('a connection that breaks off, and an archive that falls silent', async () => {
    const head = { 'content-type': 'multipart/related; type="application/dicom"; boundary=b' };
    answer = withInstance((_request, response) => {
      response.writeHead(200, head).write('--b\r\n\r\nx', () => response.destroy());
    });
    await expect(read()).rejects.toMatchObject({ code: 'ARCHIVE_UNAVAILABLE' });
    answer = withInstance((_request, response) => void response.writeHead(200, head).write('--b\r\n\r\nx'));
    await expect(read()).rejects.toMatchObject({
      code: 'ARCHIVE_UNAVAILABLE',
      info: { reason: 'UND_ERR_BODY_TIMEOUT' },
    });
  });

  test('an archive that drips is cut off', async () => {
    const head = { 'content-type': 'multipart/related; type="application/dicom"; boundary=b' };
    answer = withInstance((_request, response) => {
      response.writeHead(200, head).write('--b\r\n\r\n');
      const drip = setInterval(() => response.write('x'), 20);
      response.once('close', () => clearInterval(drip));
    });
    await expect(read()).rejects.toMatchObject({ code: 'ARCHIVE_UNAVAILABLE', info: { reason: 'TOO_SLOW' } });
  });

  test('answers without a boundary leave no connection behind', async () => {
    answer = withInstance((_request, response) => {
      response.setHeader('content-type', 'multipart/related; type="application/dicom"').end(Buffer.alloc(200_000));
    });
    // More often than there are connections.
    for (let time = 0; time < 12; time += 1)
      await expect(read()).rejects.toMatchObject({ info: { rule: 'media-type' } });
  });

  test('readers that stand still leave questions through, and who waits for a connection learns that there is none', async () => {
    const busy = createDicomwebArchive({ baseUrl: baseUrl(), connectionsMax: 2, acquireTimeoutMs: 50 });
    try {
      answer = withInstance((_request, response) => {
        response.setHeader('content-type', 'application/dicom');
        response.write(file);
      });
      const snapshot = await busy.openStudy(STUDY);
      const readers = [1, 2].map(() =>
        (snapshot.instances[0]?.open() as AsyncIterable<Uint8Array>)[Symbol.asyncIterator](),
      );
      for (const reader of readers) await reader.next();
      const third = (snapshot.instances[0]?.open() as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
      await expect(third.next()).rejects.toMatchObject({ code: 'ARCHIVE_UNAVAILABLE', info: { reason: 'BUSY' } });
      await busy.openStudy(STUDY);
      // What a gateway gives to readers leaves one.
      expect(busy.readsMax).toBe(1);
      await readers[0]?.return?.();
      const fourth = (snapshot.instances[0]?.open() as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
      expect((await fourth.next()).done).toBe(false);
    } finally {
      await busy.close();
    }
  });

  test('errors name no address and no UID', async () => {
    answer = withInstance((request) => request.destroy());
    const error = (await read().catch((thrown: unknown) => thrown)) as Error;
    expect(`${error.message} ${JSON.stringify(error)}`).not.toMatch(/2\.25|127\.0/);
  });
});

describe('STOW-RS', () => {
  const study: QuarantinedStudy = {
    studyInstanceUid: STUDY,
    manifest: [],
    instances: [
      {
        studyInstanceUid: STUDY,
        seriesInstanceUid: '2.25.2',
        sopInstanceUid: '2.25.3',
        sopClassUid: '1.2.840.10008.5.1.4.1.1.7',
        transferSyntaxUid: '1.2.840.10008.1.2.1',
        instanceNumber: undefined,
        dataSetOffset: 0,
        sizeBytes: file.length,
        sha256: sha256(file),
        async *open() {
          yield file;
        },
      },
    ],
    describe: () => Promise.reject(new Error('not used')),
    underPatient: () => Promise.reject(new Error('not used')),
    setAside: () => Promise.reject(new Error('not used')),
    file: () => Promise.reject(new Error('not used')),
    discard: () => Promise.resolve(),
  };

  test('what the archive says it stored is not believed: it must give it back', async () => {
    answer = (request, response) => {
      request.resume();
      if (request.method === 'GET') json([])(request, response);
      else json({ '00081199': { vr: 'SQ', Value: [{}] } })(request, response);
    };
    await expect(archive.fileStudy(study)).rejects.toMatchObject({ code: 'FILING_INCOMPLETE', info: { missing: 1 } });
  });

  const second = { ...study.instances[0], sopInstanceUid: '2.25.4' } as QuarantinedStudy['instances'][number];

  test('an archive that holds other bytes under a UID of the study gets nothing', async () => {
    const other = Buffer.from(file);
    other[other.length - 1] = 0xff;
    answer = withInstance(
      (_request, response) => void response.setHeader('content-type', 'application/dicom').end(other),
    );
    const filing = archive.fileStudy({ ...study, instances: [...study.instances, second] });
    await expect(filing).rejects.toMatchObject({ code: 'STUDY_CONFLICT', info: { instances: 1 } });
    expect(asked.filter((line) => line.startsWith('POST'))).toEqual([]);
  });

  test('only what is missing is sent, and what the archive says of it is not read', async () => {
    const held = new Set(['2.25.3']);
    let received = 0;
    answer = (request, response) => {
      if (request.method === 'POST') {
        request.on('data', (chunk: Buffer) => (received += chunk.length));
        request.on('end', () => {
          held.add('2.25.4');
          response.end('null');
        });
      } else if (request.url?.includes('?')) {
        json(request.url.includes('offset=0') ? [...held].map((uid) => instanceMatch(uid)) : [])(request, response);
      } else response.setHeader('content-type', 'application/dicom').end(file);
    };
    const filed = await archive.fileStudy({ ...study, instances: [...study.instances, second] });
    expect(filed.written).toBe(true);
    expect(received).toBeGreaterThan(file.length);
    expect(received).toBeLessThan(2 * file.length);
  });

  test.each([400, 401, 415, 500, 507])('HTTP %i is said', async (status) => {
    answer = (request, response) => {
      request.resume();
      if (request.method === 'GET') json([])(request, response);
      else response.writeHead(status).end();
    };
    await expect(archive.fileStudy(study)).rejects.toMatchObject({ code: 'ARCHIVE_REFUSED', info: { status } });
  });

  test('the body is one part an instance, its length said before', async () => {
    const received: Buffer[] = [];
    let headers: IncomingMessage['headers'] = {};
    answer = (request, response) => {
      if (request.method === 'GET') return json([])(request, response);
      ({ headers } = request);
      request.on('data', (chunk: Buffer) => received.push(chunk));
      request.on('end', () => json([])(request, response));
    };
    await expect(archive.fileStudy(study)).rejects.toMatchObject({ code: 'FILING_INCOMPLETE' });
    const body = Buffer.concat(received);
    expect(headers['content-length']).toBe(String(body.length));
    const boundary = /boundary="([^"]+)"/.exec(headers['content-type'] ?? '')?.[1] ?? '';
    expect(body.indexOf(Buffer.from(file))).toBeGreaterThan(0);
    expect(body.subarray(-boundary.length - 8).toString()).toBe(`\r\n--${boundary}--\r\n`);
  });
});

test.each(['ftp://a.example/', 'https://user:pw@a.example/', 'https://a.example/?x=1', 'a.example'])(
  '%s is no archive',
  (baseUrl) => {
    expect(() => createDicomwebArchive({ baseUrl })).toThrow(TypeError);
  },
);
