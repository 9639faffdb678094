// Goal: orders as interface engines write them are read, and nothing that is none is taken for one. Method: messages as IHE RAD fills them, hostile ones, and seeded noise.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ImagingError } from '../src/errors.js';
import { readHl7Message } from '../src/orders/hl7-message.js';
import { readHl7Orders } from '../src/orders/hl7-orders.js';

const UTF8 = 'UNICODE UTF-8';
const bytesOf = (...lines: readonly string[]): Buffer => Buffer.from(lines.join('\r'));
const MSH = 'MSH|^~\\&|RIS|HOSPITAL|GATEWAY|HOSPITAL|20261128101500||ORM^O01|1|P|2.3.1';
const PID = 'PID|||PID7731^^^HOSPITAL||Zebrafinch^Ottoline^Q^^Dr.||19610407|F';
const ORC = 'ORC|NW|P1^PLACER|F1^RIS^1.2.3^ISO||SC||1^once^^20261129103000^^S';
const OBR = 'OBR|1|P1^PLACER|F1^RIS^1.2.3^ISO|MRKNEE^MRI of the knee^LOCAL|||||||||||||| A-17 |RP1|SPS1||||MR';
const ZDS = 'ZDS|1.2.840.113619.2.1^^Application^DICOM';
const orm = (...changes: readonly (readonly [string, string])[]): Buffer => {
  let text = bytesOf(MSH, PID, 'PV1||O', ORC, OBR, ZDS, '').toString();
  for (const [from, to] of changes) text = text.replace(from, () => to);
  return Buffer.from(text);
};
const codeOf = (bytes: Uint8Array, characterSet = UTF8): unknown => {
  try {
    return readHl7Orders(bytes, characterSet);
  } catch (error) {
    if (error instanceof ImagingError) return error.code;
    throw error;
  }
};

test('ORM^O01 as IHE RAD-4 fills it', () => {
  expect(readHl7Orders(orm(), UTF8)).toEqual([
    {
      isCancelled: false,
      order: {
        accession: { number: 'A-17', issuer: undefined },
        studyInstanceUid: '1.2.840.113619.2.1',
        patient: { name: 'Zebrafinch, Ottoline Q', id: 'PID7731', birthDate: '1961-04-07' },
        description: 'MRI of the knee',
        modality: 'MR',
        scheduledAt: '2026-11-29T10:30',
      },
    },
  ]);
});

test('OMI^O23: accession number with its issuer, study and modality are in IPC, time in TQ1', () => {
  const omi = bytesOf(
    MSH.replace('ORM^O01|1|P|2.3.1', 'OMI^O23^OMI_O23|1|P|2.5.1'),
    PID,
    'ORC|NW|P1|F1',
    'TQ1|1||||||20261201',
    'OBR|1|P1|F1|^^^CTHEAD^CT, head|||||||||||||||||||||CT',
    'IPC|A-18^RIS^1.2.40.9^ISO|RP1|1.2.3.4|SPS1|CT',
    'ORC|CA|P2|F2',
    'OBR|2|P2|F2|X^X-ray of the chest',
    'IPC|A-19^RIS|RP2|1.2.3.5|SPS2|DX',
  );
  expect(readHl7Orders(omi, UTF8)).toMatchObject([
    {
      isCancelled: false,
      order: {
        accession: { number: 'A-18', issuer: '1.2.40.9' },
        studyInstanceUid: '1.2.3.4',
        description: 'CT, head',
        modality: 'CT',
        scheduledAt: '2026-12-01',
      },
    },
    { isCancelled: true, order: { accession: { number: 'A-19', issuer: 'RIS' }, studyInstanceUid: '1.2.3.5' } },
  ]);
});

test("without an accession number the filler's own stands for it, with its issuer", () => {
  const [notice] = readHl7Orders(orm([' A-17 ', ''], [`\r${ZDS}`, '']), UTF8);
  expect(notice?.order).toMatchObject({ accession: { number: 'F1', issuer: '1.2.3' }, studyInstanceUid: undefined });
});

test.each(['CA', 'DC', 'OC', 'OD', 'CR', 'DR'])('order control %s ends an order', (control) => {
  expect(readHl7Orders(orm(['ORC|NW', `ORC|${control}`]), UTF8)).toMatchObject([{ isCancelled: true }]);
});

test('an order status says it too; a second OBR is a second order', () => {
  expect(readHl7Orders(orm(['||SC||', '||CA||']), UTF8)).toMatchObject([{ isCancelled: true }]);
  const two = orm([`\r${ZDS}`, `\r${OBR.replace(' A-17 ', 'A-18')}`]);
  expect(readHl7Orders(two, UTF8).map(({ order }) => order.accession?.number)).toEqual(['A-17', 'A-18']);
});

describe('form', () => {
  test.each<[string, Buffer]>([
    ['LF', Buffer.from(orm().toString().replaceAll('\r', '\n'))],
    ['CR LF', Buffer.from(orm().toString().replaceAll('\r', '\r\n'))],
    ['the frame of MLLP', Buffer.concat([Buffer.from([0x0b]), orm(), Buffer.from([0x1c, 0x0d])])],
    ['a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), orm()])],
    ['other delimiters', Buffer.from(orm().toString().replaceAll('|', '*').replaceAll('^', '/'))],
    ['a truncation mark', orm(['^~\\&', '^~\\&#'])],
  ])('%s', (_name, bytes) => {
    expect(codeOf(bytes)).toEqual(readHl7Orders(orm(), UTF8));
  });

  test.each<[string, Buffer, string]>([
    ['nothing', Buffer.alloc(0), 'ORDER_MALFORMED'],
    ['another file', Buffer.from('%PDF-1.7'), 'ORDER_MALFORMED'],
    ['a batch', bytesOf('BHS|^~\\&', MSH, PID, ORC, OBR), 'ORDER_MALFORMED'],
    ['two messages', Buffer.concat([orm(), orm()]), 'ORDER_MALFORMED'],
    ['one delimiter twice', orm(['^~\\&', '^~^&']), 'ORDER_MALFORMED'],
    ['a letter as delimiter', orm(['^~\\&', '^~e&']), 'ORDER_MALFORMED'],
    ['a missing delimiter', orm(['^~\\&', '^~']), 'ORDER_MALFORMED'],
    ['a line that is no segment', orm(['PV1||O', 'of the left knee']), 'ORDER_MALFORMED'],
    ['no patient', orm([`${PID}\r`, '']), 'ORDER_MALFORMED'],
    ['no order', orm([`${ORC}\r`, ''], [`${OBR}\r`, '']), 'ORDER_MALFORMED'],
    ['101 orders', bytesOf(MSH, PID, ...Array.from({ length: 101 }, () => ORC)), 'ORDER_MALFORMED'],
    ['another message', orm(['ORM^O01', 'ADT^A01']), 'ORDER_UNSUPPORTED'],
    ['a study that is none', orm([ZDS, 'ZDS|1.2/../3']), 'INVALID_UID'],
    [
      'neither number nor study',
      orm(['F1^RIS^1.2.3^ISO', ''], ['F1^RIS^1.2.3^ISO', ''], [' A-17 ', ''], [ZDS, 'NTE|1']),
      'ORDER_UNIDENTIFIED',
    ],
    ['more than a megabyte', Buffer.concat([orm(), Buffer.alloc(1024 * 1024, 'NTE|1\r')]), 'ORDER_TOO_LARGE'],
    ['10,001 segments', Buffer.concat([orm(), Buffer.from('NTE\r'.repeat(10_000))]), 'ORDER_MALFORMED'],
  ])('%s is refused', (_name, bytes, code) => {
    expect(codeOf(bytes)).toBe(code);
  });
});

describe('text', () => {
  const withName = (set: string, name: Buffer | string): Buffer => {
    const [before = '', after = ''] = orm([MSH, `${MSH}||||||${set}`])
      .toString('latin1')
      .split('Zebrafinch');
    return Buffer.concat([Buffer.from(before, 'latin1'), Buffer.from(name as string), Buffer.from(after, 'latin1')]);
  };
  const nameIn = (bytes: Buffer, characterSet = UTF8): string =>
    (readHl7Orders(bytes, characterSet)[0]?.order.patient.name ?? '').split(',')[0] ?? '';

  test.each<[string, Buffer, string]>([
    ['UNICODE UTF-8', Buffer.from('Müller'), 'Müller'],
    ['8859/1', Buffer.from('Müller', 'latin1'), 'Müller'],
    ['8859/5', Buffer.from([0xbb, 0xee, 0xda]), 'Люк'],
    ['~ISO IR87', Buffer.concat([Buffer.from('\x1b$B;3ED\x1b(B', 'latin1')]), '山田'],
    ['KS X 1001', Buffer.from([0xb1, 0xe8]), '김'],
    ['GB 18030-2000', Buffer.from([0xcd, 0xf5]), '王'],
  ])('in %s', (set, name, expected) => {
    expect(nameIn(withName(set, name))).toBe(expected);
  });

  test('a message that names no set has the one of the site', () => {
    expect(nameIn(withName('', Buffer.from('Müller', 'latin1')), '8859/1')).toBe('Müller');
  });

  test.each<[string, string, Buffer]>([
    ['a set that nobody knows', 'EBCDIC', Buffer.from('x')],
    ['ASCII that is none', 'ASCII', Buffer.from('Müller', 'latin1')],
    ['UTF-8 that is none', 'UNICODE UTF-8', Buffer.from('Müller', 'latin1')],
  ])('%s is refused', (_name, set, name) => {
    expect(codeOf(withName(set, name))).toBe('ORDER_TEXT_UNREADABLE');
  });

  test.each([
    ['Smith \\T\\ Sons', 'Smith & Sons'],
    ['A\\S\\B\\F\\C\\R\\D\\E\\E', 'A^B|C~D\\E'],
    ['M\\XC3BC\\ller', 'Müller'],
    ['\\H\\Bold\\N\\ name', 'Bold name'],
    ['one\\.br\\two', 'one two'],
    ['C:\\Temp', 'C:\\Temp'],
    ['a\\b\\c', 'a\\b\\c'],
    ['\\', '\\'],
    ['""', ''],
    ['evil\u202eeman', 'evil eman'],
    ['two  \t words', 'two words'],
    ['e\u0301', 'é'],
    ['x'.repeat(300), 'x'.repeat(256)],
    ['ü'.repeat(200), 'ü'.repeat(128)],
  ])('%j is read as %j', (written, expected) => {
    expect(nameIn(withName(UTF8, written))).toBe(expected || 'Ottoline Q');
  });

  test.each([
    ['19610407', '1961-04-07'],
    ['196104071200', '1961-04-07'],
    ['1961', undefined],
    ['19610230', undefined],
    ['19611301', undefined],
  ])('born %s', (written, expected) => {
    expect(readHl7Orders(orm(['19610407', written]), UTF8)[0]?.order.patient.birthDate).toBe(expected);
  });
});

test('noise, and messages with noise in them, are read or refused with a code', () => {
  const valid = orm();
  const noisy = fc
    .array(fc.tuple(fc.nat(valid.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 12 })
    .map((changes) => {
      const bytes = Buffer.from(valid);
      for (const [at, byte] of changes) bytes[at] = byte;
      return bytes;
    });
  const noise = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.concat([Buffer.from('MSH|^~\\&'), bytes]));
  fc.assert(
    fc.property(fc.oneof(noisy, noise), (bytes) => {
      const read = codeOf(bytes);
      if (typeof read !== 'string') expect(JSON.stringify(read)).not.toMatch(/\\u00[01]|[\u202a-\u202e]/);
    }),
    { seed: 29, numRuns: 3_000 },
  );
});

test('what is escaped and written comes back, whatever the delimiters', () => {
  const marks = fc.shuffledSubarray([...'!"#$%&*+,-./:;<=>?@[\\]^_`{|}~'], { minLength: 5, maxLength: 5 });
  fc.assert(
    fc.property(
      marks,
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      ([field, component, repetition, escape, sub], text) => {
        const clean = text.replace(/[\r\n]/g, '');
        fc.pre(clean !== '""');
        const letters = new Map(
          [field, component, repetition, escape, sub].map((mark, index) => [mark, 'FSRET'[index]]),
        );
        const written = [...clean]
          .map((one) => (letters.has(one) ? `${escape}${letters.get(one)}${escape}` : one))
          .join('');
        const header = `MSH${field}${component}${repetition}${escape}${sub}`;
        const [, note] = readHl7Message(bytesOf(header, `NTE${field}1${field}${written}`), UTF8);
        expect(note?.text(2)).toBe(clean);
      },
    ),
    { seed: 31, numRuns: 500 },
  );
});
