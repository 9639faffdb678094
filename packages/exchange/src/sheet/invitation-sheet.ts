/**
 * The printed sheets of an invitation: one with its link as QR code, and one with its six digits, never both on one. No name of a patient and
 * of no examination is on them. Guide: docs/guides/integrators-gateway.md, section 2.6.
 */
import { createRequire } from 'node:module';
import { openSync } from 'fontkit';
import PDFDocument from 'pdfkit';
import encodeQR from 'qr';
import { SHEET_TEXTS, type SheetLanguage } from './sheet-texts.js';

const require = createRequire(import.meta.url);
/** Latin, Greek, Cyrillic and Devanagari; the letters used are embedded. */
const FONTS = {
  text: require.resolve('@expo-google-fonts/noto-sans/400Regular/NotoSans_400Regular.ttf'),
  strong: require.resolve('@expo-google-fonts/noto-sans/600SemiBold/NotoSans_600SemiBold.ttf'),
};
/** In points of 1/72 inch; A4 is 595 wide. */
const MARGIN = 64;
const WIDTH = 595.28 - 2 * MARGIN;
const QR_SIZE = 230;

export interface SheetInput {
  readonly language: SheetLanguage;
  readonly part: 'invitation' | 'code';
  /** What the source calls itself. */
  readonly sourceName: string;
  /** 32 hex; its beginning numbers both sheets, so that they can be matched. */
  readonly invitationId: string;
  readonly link: string;
  readonly code: string;
  readonly expiresAtMs: number;
  /** Unix ms; absent when it works at once. */
  readonly availableAtMs?: number | undefined;
  /** Whom she asks about her data; none when empty. */
  readonly privacyContact: string;
}

/** @returns one page of A4 as PDF */
export async function renderInvitationSheet(input: SheetInput): Promise<Uint8Array> {
  const { language, part } = input;
  const texts = SHEET_TEXTS[language];
  const sourceName = isPrintable(input.sourceName) ? input.sourceName : texts.unnamedSource;
  const contact = isPrintable(input.privacyContact) ? input.privacyContact : texts.unnamedContact;
  const title = part === 'invitation' ? texts.invitationTitle(sourceName) : texts.codeTitle(sourceName);
  const page = new PDFDocument({
    size: 'A4',
    margin: MARGIN,
    font: FONTS.text,
    lang: language,
    displayTitle: true,
    info: { Title: title },
  });
  page.registerFont('strong', FONTS.strong).registerFont('text', FONTS.text);
  page.font('strong').fontSize(24).text(title, { width: WIDTH }).moveDown(1);
  if (part === 'invitation') {
    drawQr(page, input.link);
    page.font('text').fontSize(13);
    for (const step of texts.invitationSteps) page.text(step, MARGIN, page.y, { width: WIDTH }).moveDown(0.5);
    page.moveDown(0.5).font('strong').text(texts.codeApart, { width: WIDTH }).moveDown(1);
    page.font('text').fontSize(9).text(texts.orType, { width: WIDTH }).text(input.link, { width: WIDTH });
  } else {
    page.fontSize(48).text(`${input.code.slice(0, 3)} ${input.code.slice(3)}`, { width: WIDTH, align: 'center' });
    page.moveDown(0.5).font('text').fontSize(13);
    for (const step of texts.codeSteps) page.text(step, { width: WIDTH });
  }
  const { availableAtMs, expiresAtMs } = input;
  page.moveDown(1);
  if (availableAtMs !== undefined) {
    const moment = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'long', timeZone: 'UTC' });
    page
      .font('strong')
      .fontSize(13)
      .text(texts.from(moment.format(availableAtMs)), { width: WIDTH })
      .moveDown(0.5);
  }
  const day = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: 'UTC' }).format(expiresAtMs);
  page.font('text').fontSize(11).text(texts.until(day), { width: WIDTH });
  page.text(texts.sheetNumber(input.invitationId.slice(0, 8)), { width: WIDTH });
  if (contact !== '') page.text(texts.contact(contact), { width: WIDTH });
  page.end();
  const chunks: Uint8Array[] = [];
  for await (const chunk of page) chunks.push(chunk as Uint8Array);
  return new Uint8Array(Buffer.concat(chunks));
}

/** Whether the font has every letter: for the others it would draw empty boxes. */
function isPrintable(text: string): boolean {
  const font = openSync(FONTS.text);
  return (
    'hasGlyphForCodePoint' in font &&
    [...text].every((letter) => font.hasGlyphForCodePoint(letter.codePointAt(0) as number))
  );
}

/** Dark squares on the paper's white, in the middle of the page, with the quiet border that readers ask for. */
function drawQr(page: PDFKit.PDFDocument, link: string): void {
  const rows = encodeQR(link, 'raw', { ecc: 'medium', border: 4 });
  const size = QR_SIZE / rows.length;
  const left = MARGIN + (WIDTH - QR_SIZE) / 2;
  const top = page.y;
  rows.forEach((row, y) => {
    row.forEach((isDark, x) => {
      if (isDark) page.rect(left + x * size, top + y * size, size, size);
    });
  });
  page.fill('black');
  page.y = top + QR_SIZE + 16;
}
