// Goal: what is printed leads to the claim, and no sheet holds both link and code. Method: the page is read back as a person's phone and eyes would.
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import decodeQR from 'qr/decode.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderInvitationSheet, type SheetInput } from '../src/sheet/invitation-sheet.js';

const input: SheetInput = {
  language: 'de',
  part: 'invitation',
  sourceName: 'Städtisches Klinikum Łódź, Κέντρο, Центр',
  invitationId: '0123456789abcdef0123456789abcdef',
  link: `https://wallet.example/open#i=${'Aq7_-'.repeat(56)}`,
  code: '271828',
  expiresAtMs: Date.UTC(2026, 11, 14),
  privacyContact: 'privacy@hospital.example',
};

const hasPoppler = spawnSync('pdftotext', ['-v']).error === undefined;
if (!hasPoppler && process.env.CI === 'true') throw new Error('poppler-utils is missing: scripts/install-peers.sh');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'radledger-sheet-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a sheet is one PDF with its fonts inside, and small enough to mail', async () => {
  const sheet = await renderInvitationSheet(input);
  const text = Buffer.from(sheet).toString('latin1');
  expect(text.startsWith('%PDF-')).toBe(true);
  expect(text.match(/\/Type \/Page\b/g)).toHaveLength(1);
  expect(text).toMatch(/\/FontFile/);
  expect(sheet.length).toBeLessThan(100_000);
});

describe.skipIf(!hasPoppler)('read back by poppler', () => {
  const write = async (changes: Partial<SheetInput>): Promise<string> => {
    const file = join(folder, `${Object.values(changes).join('-')}.pdf`);
    await writeFile(file, await renderInvitationSheet({ ...input, ...changes }));
    return file;
  };
  const textOf = (file: string): string => spawnSync('pdftotext', ['-layout', file, '-']).stdout.toString();

  test.each(['en', 'de'] as const)(
    '%s: names, day and number are there; the code is on its own sheet alone',
    async (language) => {
      const sheet = textOf(await write({ language }));
      for (const shown of [input.sourceName, '2026', '01234567', input.privacyContact]) {
        expect(sheet.replaceAll(/\s+/g, ' ')).toContain(shown);
      }
      expect(sheet.replaceAll(/\s/g, '')).toContain(input.link);
      expect(sheet).not.toMatch(/271\s?828/);
      const code = textOf(await write({ language, part: 'code' }));
      expect(code).toContain('271 828');
      expect(code).toContain('01234567');
      expect(code.replaceAll(/\s/g, '')).not.toContain('#i=');
    },
  );

  test.each([
    ['en', 'it works from December 3, 2026 at 8:05:00 AM UTC on'],
    ['de', 'gilt es ab 3. Dezember 2026 um 08:05:00 UTC'],
  ] as const)('%s: a link with a waiting time says from when it works, on both sheets', async (language, from) => {
    const availableAtMs = Date.UTC(2026, 11, 3, 8, 5);
    for (const part of ['invitation', 'code'] as const) {
      expect(textOf(await write({ language, part, availableAtMs })).replaceAll(/\s+/g, ' ')).toContain(from);
    }
  });

  test.each([
    ['Chinese', '北京大学第一医院', '隐私办公室'],
    ['Arabic', 'مستشفى المدينة', 'مكتب الخصوصية'],
    ['Hebrew', 'בית חולים', 'לשכת הפרטיות'],
    ['an emoji', 'Klinik 🏥', 'privacy 🏥'],
  ])(
    'a name in letters that the font lacks is replaced, not drawn as boxes: %s',
    async (_, sourceName, privacyContact) => {
      for (const [language, name, contact] of [
        ['en', 'Your hospital has images for you', 'Questions about your data: ask at the desk'],
        ['de', 'Ihr Krankenhaus hat Bilder für Sie', 'Fragen zu Ihren Daten: fragen Sie am Empfang'],
      ] as const) {
        const sheet = textOf(await write({ language, sourceName, privacyContact })).replaceAll(/\s+/g, ' ');
        expect(sheet).toContain(name);
        expect(sheet).toContain(contact);
        expect(sheet).not.toMatch(/[\0\uFFFD\u25A1]|\p{Script=Han}|\p{Script=Arabic}|\p{Script=Hebrew}/u);
      }
    },
  );

  test('the square holds the link', async () => {
    const file = await write({ language: 'en' });
    spawnSync('pdftoppm', ['-r', '100', '-gray', '-singlefile', file, join(folder, 'page')]);
    const { width, height, data } = grayOf(await readFile(join(folder, 'page.pgm')));
    expect(decodeQR({ width, height, data })).toBe(input.link);
  });
});

/** A binary PGM as RGB. */
function grayOf(pgm: Buffer): { width: number; height: number; data: Uint8Array } {
  const head = /^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(pgm.subarray(0, 64).toString('latin1'));
  if (head === null) throw new Error('expected a PGM');
  const gray = pgm.subarray(head[0].length);
  const data = new Uint8Array(3 * gray.length);
  gray.forEach((value, at) => data.fill(value, 3 * at, 3 * at + 3));
  return { width: Number(head[1]), height: Number(head[2]), data };
}
