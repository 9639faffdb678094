/** Text of HL7 version 2: character sets (table 0211) and escape sequences (HL7 v2.5.1, 2.7 and 2.15.9.18). */
import { ImagingError } from '../errors.js';
import type { Hl7Delimiters } from './hl7-message.js';

/** Bytes to text; throws for bytes that are none. */
export type Hl7Decoder = (bytes: Uint8Array) => string;

/** Terms to the labels of the Encoding Standard. */
const LABELS: Readonly<Record<string, string>> = {
  'UNICODE UTF-8': 'utf-8',
  'UTF-8': 'utf-8',
  UNICODE: 'utf-8', // of sixteen bits a character, a message would not begin with the letters MSH
  'ISO IR14': 'shift_jis',
  'ISO IR87': 'iso-2022-jp',
  'GB 18030-2000': 'gb18030',
  'KS X 1001': 'euc-kr',
  'BIG-5': 'big5',
};
const ISO_8859 = /^8859\/([1-9]|15)$/;

/** Whether a term names a character set that can be read. */
export function isHl7CharacterSet(term: string): boolean {
  return labelOf(term) !== undefined;
}

/**
 * @param terms - repetitions of MSH-18: the set of the message, and those it escapes to
 * @throws {ImagingError} `ORDER_TEXT_UNREADABLE`, from the decoder too
 */
export function hl7Decoder(terms: readonly string[]): Hl7Decoder {
  const term = terms.includes('ISO IR87') ? 'ISO IR87' : (terms[0] ?? '');
  const label = labelOf(term);
  if (label === undefined) throw unreadable();
  const decoder = new TextDecoder(label, { fatal: true });
  return (bytes) => {
    if (term === 'ASCII' && bytes.some((byte) => byte > 0x7f)) throw unreadable();
    try {
      return decoder.decode(bytes);
    } catch (cause) {
      throw unreadable(cause);
    }
  };
}

/**
 * Resolves escape sequences. What is none stays as it is written: senders forget to escape their escape character.
 * @throws {ImagingError} `ORDER_TEXT_UNREADABLE` for bytes in it that are no text
 */
export function decodeHl7Text(text: string, delimiters: Hl7Delimiters, decoder: Hl7Decoder): string {
  const { escape } = delimiters;
  let decoded = '';
  for (let at = 0; ; ) {
    const start = text.indexOf(escape, at);
    if (start < 0) return decoded + text.slice(at);
    const end = text.indexOf(escape, start + 1);
    const meaning = end < 0 ? undefined : meaningOf(text.slice(start + 1, end), delimiters, decoder);
    decoded += text.slice(at, start) + (meaning ?? escape);
    at = meaning === undefined ? start + 1 : end + 1;
  }
}

function meaningOf(sequence: string, delimiters: Hl7Delimiters, decoder: Hl7Decoder): string | undefined {
  switch (sequence) {
    case 'F':
      return delimiters.field;
    case 'S':
      return delimiters.component;
    case 'T':
      return delimiters.subcomponent;
    case 'R':
      return delimiters.repetition;
    case 'E':
      return delimiters.escape;
    case 'H':
    case 'N':
      return '';
  }
  // Line breaks, indents and the like.
  if (/^\.[a-z]{2}[+-]?\d{0,4}$/.test(sequence)) return ' ';
  if (/^X(?:[0-9A-Fa-f]{2})+$/.test(sequence)) return decoder(Buffer.from(sequence.slice(1), 'hex'));
  return undefined;
}

function labelOf(term: string): string | undefined {
  if (term === 'ASCII') return 'utf-8';
  const part = ISO_8859.exec(term)?.[1];
  return part === undefined ? LABELS[term] : `iso-8859-${part}`;
}

function unreadable(cause?: unknown): ImagingError {
  return new ImagingError({ code: 'ORDER_TEXT_UNREADABLE' }, 'expected text in the character set that MSH-18 names', {
    cause,
  });
}
