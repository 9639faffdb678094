import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseContentType } from '../src/content-type.js';
import type { Iti43Error } from '../src/errors.js';
import { readMtom } from '../src/mtom-reader.js';
import { writeMtom } from '../src/mtom-writer.js';
import { type MultipartLimits, readMultipart } from '../src/multipart-reader.js';
import { bytesOf, inChunks } from './support/test-data.js';

async function read(
  text: string | Buffer,
  { boundary = 'b', sizes = [7], ...limits }: MultipartLimits & { boundary?: string; sizes?: number[] } = {},
) {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
  const parts: { headers: Record<string, string>; body: string }[] = [];
  for await (const part of readMultipart(inChunks(bytes, sizes), boundary, limits)) {
    parts.push({ headers: Object.fromEntries(part.headers), body: (await bytesOf(part.body)).toString('latin1') });
  }
  return parts;
}

function refusal(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'resolved',
    ({ info }: Iti43Error) =>
      info.code === 'MALFORMED_MESSAGE' ? info.rule : info.code === 'MESSAGE_TOO_LARGE' ? info.limit : info.code,
  );
}

// Goal: no chunking changes a byte. Method: bodies made of the pieces a boundary is made of, cut at random places.
test('property: what was written is read, however it is cut', async () => {
  const piece = fc.constantFrom('\r', '\n', '\r\n', '-', '--', '--b', '\r\n--', '\r\n--a', 'b', '\0', 'text');
  const body = fc
    .array(piece, { maxLength: 30 })
    .map((pieces) => pieces.join(''))
    .filter((text) => !`\r\n${text}`.includes('\r\n--b'));
  await fc.assert(
    fc.asyncProperty(
      fc.array(body, { maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 }),
      async (bodies, sizes) => {
        const text = bodies
          .map((one, index) => `${index === 0 ? '' : '\r\n'}--b\r\nX: ${index}\r\n\r\n${one}`)
          .join('');
        const parts = await read(`${bodies.length === 0 ? '' : text}\r\n--b--`, { sizes });
        expect(parts.map((part) => part.body)).toEqual(bodies);
      },
    ),
    { seed: 43, numRuns: 400 },
  );
});

describe('forms that must be accepted', () => {
  test('preamble, epilogue, transport padding, folded header, no header, no body', async () => {
    const text =
      'preamble\r\n--b \t\r\nA: x\r\n y\r\nb:z \r\n\r\none\r\n--b\r\n\r\n\r\ntwo\r\n--b\r\nC: 1\r\n\r\n--b--\r\nepilogue';
    expect(await read(text)).toEqual([
      { headers: { a: 'x y', b: 'z' }, body: 'one' },
      { headers: {}, body: '\r\ntwo' },
      { headers: { c: '1' }, body: '' },
    ]);
  });

  test('only one CRLF belongs to the boundary', async () => {
    expect(await read('--b\r\n\r\n\r\n\r\n\r\n--b--')).toEqual([{ headers: {}, body: '\r\n\r\n' }]);
  });

  test('no part at all', async () => {
    expect(await read('--b--')).toEqual([]);
  });
});

describe('forms that must be refused', () => {
  test.each<[string, string, MultipartLimits, string]>([
    ['nothing', '', {}, 'truncated'],
    ['no closing boundary', '--b\r\n\r\nx', {}, 'truncated'],
    ['no closing dashes', '--b\r\n\r\nx\r\n--b', {}, 'truncated'],
    ['ends in a header', '--b\r\nA: x\r\n', {}, 'truncated'],
    ['a longer boundary', '--b\r\n\r\nx\r\n--bc\r\n\r\n\r\n--b--', {}, 'boundary-line'],
    ['a header that is none', '--b\r\nhello\r\n\r\nx\r\n--b--', {}, 'header-line'],
    ['a header with NUL', '--b\r\nA: \0\r\n\r\nx\r\n--b--', {}, 'header-line'],
    ['a repeated header', '--b\r\nA: 1\r\na: 2\r\n\r\nx\r\n--b--', {}, 'header-repeated'],
    ['headers too long', `--b\r\nA: ${'x'.repeat(300)}\r\n\r\nx\r\n--b--`, { headerBytesMax: 200 }, 'headerBytesMax'],
    ['endless headers', `--b\r\nA: ${'x'.repeat(300)}`, { headerBytesMax: 200 }, 'headerBytesMax'],
    ['too many parts', `${'--b\r\n\r\nx\r\n'.repeat(4)}--b--`, { partsMax: 3 }, 'partsMax'],
    ['a long preamble', `${'x'.repeat(300)}\r\n--b--`, { surroundBytesMax: 200 }, 'surroundBytesMax'],
    ['a long epilogue', `--b--${'x'.repeat(300)}`, { surroundBytesMax: 200 }, 'surroundBytesMax'],
  ])('%s', async (_, text, limits, rule) => {
    expect(await refusal(read(text, limits))).toBe(rule);
  });

  test.each(['', 'x'.repeat(71), 'a ', 'ä'])('the boundary %j', async (boundary) => {
    expect(await refusal(read('--x--', { boundary }))).toBe('boundary');
  });
});

test('a reader that breaks off lets go of the source', async () => {
  let released = false;
  async function* source() {
    try {
      yield Buffer.from('--b\r\n\r\nx\r\n--b\r\n\r\n');
      for (;;) yield Buffer.from('y');
    } finally {
      released = true;
    }
  }
  for await (const _ of readMultipart(source(), 'b')) break;
  expect(released).toBe(true);
});

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
