import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MultipartError, type MultipartOptions, readMultipart } from '../src/index.js';
import { bytesOf, inChunks } from './chunks.js';

async function read(
  text: string | Buffer,
  { boundary = 'b', sizes = [7], ...limits }: MultipartOptions & { boundary?: string; sizes?: number[] } = {},
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
    ({ info }: MultipartError) => (info.code === 'MALFORMED' ? info.rule : info.limit),
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
  test.each<[string, string, MultipartOptions, string]>([
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

test('a package may make its own errors of what is wrong', async () => {
  const errorOf = ({ code }: { code: string }, message: string) => new RangeError(`${code} ${message}`);
  await expect(read('--b\r\nhello\r\n\r\nx\r\n--b--', { errorOf })).rejects.toThrow(RangeError);
  await expect(read('--b', {})).rejects.toThrow(MultipartError);
});
