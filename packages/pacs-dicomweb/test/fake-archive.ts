/** An archive in memory that speaks as much DICOMweb as filing needs, and can be bad at it. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspectInstance } from '@radledger/imaging';
import { parseContentType, readMultipart } from '@radledger/multipart';

/** What it does wrong, and the code that filing ends with. */
export const TROUBLES = {
  'keeps nothing of what it says it stored': 'FILING_INCOMPLETE',
  'changes what it stores': 'FILING_INCOMPLETE',
  'takes the first instance and refuses the second': 'FILING_INCOMPLETE',
  'gives back more than it was given': 'FILING_INCOMPLETE',
  'lists what it does not give back': 'INSTANCE_CHANGED',
  'breaks off as it is sent to': 'ARCHIVE_UNAVAILABLE',
  'is out of space': 'ARCHIVE_REFUSED',
  'answers with the page of a proxy': 'ARCHIVE_ANSWER_INVALID',
} as const;
type Trouble = keyof typeof TROUBLES;

interface Held {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly file: Buffer;
}

export interface FakeArchive {
  readonly baseUrl: string;
  files(): readonly Buffer[];
  trouble: Trouble | undefined;
  close(): Promise<void>;
}

export async function startFakeArchive(): Promise<FakeArchive> {
  const held = new Map<string, Held>();
  const archive: FakeArchive = {
    baseUrl: '',
    trouble: undefined,
    files: () => [...held.values()].map(({ file }) => file),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };

  const store = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { trouble } = archive;
    if (trouble === 'is out of space') return void request.resume().on('end', () => response.writeHead(507).end());
    const boundary = parseContentType(request.headers['content-type'] ?? '')?.parameters.get('boundary') ?? '';
    let parts = 0;
    for await (const { body } of readMultipart(request, boundary)) {
      if (trouble === 'breaks off as it is sent to') return void request.destroy();
      parts += 1;
      const file = await whole(body);
      const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = await inspectInstance(only(file));
      if (trouble === 'keeps nothing of what it says it stored') continue;
      if (trouble === 'takes the first instance and refuses the second' && parts > 1) continue;
      if (trouble === 'changes what it stores') file[file.length - 1] = (file.at(-1) ?? 0) ^ 1;
      // As a PACS that never overwrites.
      if (!held.has(sopInstanceUid))
        held.set(sopInstanceUid, { studyInstanceUid, seriesInstanceUid, sopInstanceUid, file });
    }
    response.setHeader('content-type', 'application/dicom+json').end('{}');
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://archive');
    const [, , studyInstanceUid, , , , sopInstanceUid] = pathname.split('/').slice(1);
    if (archive.trouble === 'answers with the page of a proxy')
      return void request.resume().on('end', () => response.end('<html>'));
    if (request.method === 'POST') return store(request, response);
    if (sopInstanceUid === undefined) {
      const ofStudy = [...held.values()].filter((each) => each.studyInstanceUid === studyInstanceUid);
      const page = ofStudy.slice(Number(searchParams.get('offset'))).map((each) => ({
        '00080018': { vr: 'UI', Value: [each.sopInstanceUid] },
        '0020000E': { vr: 'UI', Value: [each.seriesInstanceUid] },
      }));
      return void response.setHeader('content-type', 'application/dicom+json').end(JSON.stringify(page));
    }
    const found = held.get(sopInstanceUid);
    if (found === undefined || archive.trouble === 'lists what it does not give back')
      return void response.writeHead(404).end();
    response.setHeader('content-type', 'application/dicom').write(found.file);
    if (archive.trouble === 'gives back more than it was given') response.write(found.file);
    response.end();
  };

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(archive, { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/dicom-web/` });
}

async function whole(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}
