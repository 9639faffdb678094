import { parseContentType } from '@radledger/multipart';
import { describe, expect, test } from 'vitest';
import type { Iti43Error } from '../src/errors.js';
import { readMtom } from '../src/mtom-reader.js';
import { writeMtom } from '../src/mtom-writer.js';
import { bytesOf, inChunks } from './support/test-data.js';

function refusal(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'resolved',
    ({ info }: Iti43Error) =>
      info.code === 'MALFORMED_MESSAGE' ? info.rule : info.code === 'MESSAGE_TOO_LARGE' ? info.limit : info.code,
  );
}

describe('MTOM packages', () => {
  const type = (parameters: string) => `multipart/related; boundary=b; type="application/xop+xml"${parameters}`;
  const root = 'Content-Type: application/xop+xml; charset=UTF-8; type="application/soap+xml"\r\n';

  async function open(contentType: string, text: string) {
    const parsedType = parseContentType(contentType);
    if (parsedType === undefined) throw new Error('test data');
    const { envelope, parts } = await readMtom(inChunks(Buffer.from(text, 'latin1'), [11]), parsedType, {
      envelopeBytesMax: 100,
    });
    const rest: [string | undefined, string][] = [];
    for await (const part of parts) rest.push([part.contentId, (await bytesOf(part.body)).toString('latin1')]);
    return { envelope: Buffer.from(envelope).toString('latin1'), rest };
  }

  test('no start: the first part is the root', async () => {
    expect(await open(type(''), `--b\r\n${root}\r\nE\r\n--b\r\nContent-Id: <p>\r\n\r\nP\r\n--b--`)).toEqual({
      envelope: 'E',
      rest: [['p', 'P']],
    });
  });

  test.each(['; start="<r@x>"', '; start="r@x"', '; start=<r@x>', '; start="<r%40x>"'])(
    '%s names the root, which may come late',
    async (start) => {
      const text = `--b\r\nContent-ID: <a>\r\n\r\nA\r\n--b\r\n${root}Content-ID: <r@x>\r\n\r\nE\r\n--b\r\nContent-ID: <c%3Ad>\r\n\r\nC\r\n--b\r\n\r\nunused\r\n--b--`;
      expect(await open(type(start), text)).toEqual({
        envelope: 'E',
        rest: [
          ['a', 'A'],
          ['c:d', 'C'],
          [undefined, 'unused'],
        ],
      });
    },
  );

  test.each<[string, string, string, string]>([
    ['no root', '; start=r', '--b\r\nContent-ID: <a>\r\n\r\nA\r\n--b--', 'no-root'],
    [
      'an id twice',
      '',
      `--b\r\n${root}Content-ID: <a>\r\n\r\nE\r\n--b\r\nContent-ID: <a>\r\n\r\nA\r\n--b--`,
      'content-id-repeated',
    ],
    [
      'an id twice, once encoded',
      '',
      `--b\r\n${root}Content-ID: <a:>\r\n\r\nE\r\n--b\r\nContent-ID: <a%3A>\r\n\r\nA\r\n--b--`,
      'content-id-repeated',
    ],
    ['a root of another type', '', '--b\r\nContent-Type: text/xml\r\n\r\nE\r\n--b--', 'root-type'],
    ['a header that is none', '', '--b\r\nhello\r\n\r\nE\r\n--b--', 'header-line'],
    ['a long preamble', '', `${'x'.repeat(9_000)}\r\n--b--`, 'surroundBytesMax'],
    ['a root without type', '', '--b\r\n\r\nE\r\n--b--', 'root-type'],
    [
      'a root in UTF-16',
      '',
      '--b\r\nContent-Type: application/xop+xml; charset=utf-16\r\n\r\nE\r\n--b--',
      'root-charset',
    ],
    [
      'base64 as transfer encoding',
      '',
      `--b\r\n${root}Content-Transfer-Encoding: base64\r\n\r\nE\r\n--b--`,
      'transfer-encoding',
    ],
    ['a large root', '', `--b\r\n${root}\r\n${'E'.repeat(101)}\r\n--b--`, 'envelopeBytesMax'],
    [
      'large parts before the root',
      '; start=r',
      `--b\r\n\r\n${'E'.repeat(60)}\r\n--b\r\n\r\n${'E'.repeat(60)}\r\n--b--`,
      'envelopeBytesMax',
    ],
  ])('refused: %s', async (_, parameters, text, rule) => {
    expect(await refusal(open(type(parameters), text))).toBe(rule);
  });

  test('what we write is the strict form, and we read it back', async () => {
    const parts = [
      {
        contentId: 'one@radledger',
        mimeType: 'application/zip',
        sizeBytes: 2,
        open: () => inChunks(Buffer.from('\r\n'), [1]),
      },
      { contentId: 'two@radledger', mimeType: 'text/plain', sizeBytes: 0, open: () => inChunks(Buffer.alloc(0), [1]) },
    ];
    const message = writeMtom(Buffer.from('<E/>'), parts);
    const bytes = await bytesOf(message.chunks());
    expect(message.sizeBytes).toBe(bytes.length);
    expect(message.contentType).toMatch(
      /^multipart\/related; boundary="[^"]+"; type="application\/xop\+xml"; start="<[^">]+>"; start-info="application\/soap\+xml"$/,
    );
    expect(bytes.toString()).toMatch(
      /^--\S+\r\nContent-Type: application\/xop\+xml; charset=UTF-8; type="application\/soap\+xml"\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <\S+>\r\n\r\n<E\/>/,
    );
    expect(await open(message.contentType, bytes.toString('latin1'))).toEqual({
      envelope: '<E/>',
      rest: [
        ['one@radledger', '\r\n'],
        ['two@radledger', ''],
      ],
    });
  });

  test('a part without a size leaves the package without one', () => {
    expect(
      writeMtom(Buffer.from('E'), [{ contentId: 'a', mimeType: 'a/b', open: () => inChunks(Buffer.alloc(1), [1]) }])
        .sizeBytes,
    ).toBeUndefined();
  });
});
