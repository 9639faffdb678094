import { parseContentType, readMultipart } from '@radledger/multipart';
import { filesIn, inPieces, withCrlf } from '../corpora.js';
import type { Target } from '../fuzz.js';

/** A body of several parts; its first line tells the boundary, as those of the corpus do. */
export const multipart: Target = {
  name: 'multipart',
  words: [
    '\r\n',
    '\r\n\r\n',
    '--',
    '\r\n--',
    'Content-Type: ',
    'Content-ID: <a>',
    ';',
    '="',
    '\\"',
    '\0',
    ':',
    'boundary=',
  ],
  async corpus() {
    const bodies = [...(await filesIn('nist-toolkit/mtom-samples')), ...(await filesIn('gematik-epa/Requests'))];
    return bodies.map((body) => withCrlf(body).subarray(0, 4096));
  },
  async read(input) {
    const firstLine = Buffer.from(input.subarray(0, 100)).toString('latin1').split('\r\n')[0] ?? '';
    const boundary = firstLine.startsWith('--') ? firstLine.slice(2) : 'b';
    for await (const part of readMultipart(inPieces(input, 1 + (input.length % 97)), boundary)) {
      parseContentType(part.headers.get('content-type') ?? '');
      for await (const _chunk of part.body);
    }
  },
};
