/** Reads one HL7 version 2 message from its bytes (HL7 v2.5.1, chapter 2). Strict in form, so that no field is another's. */
import { ImagingError } from '../errors.js';
import { decodeHl7Text, hl7Decoder, type Hl7Decoder } from './hl7-text.js';

export const MESSAGE_BYTES_MAX = 1024 * 1024;
const SEGMENTS_MAX = 10_000;

/** MSH-1 and MSH-2. */
export interface Hl7Delimiters {
  readonly field: string;
  readonly component: string;
  readonly repetition: string;
  readonly escape: string;
  readonly subcomponent: string;
}

export interface Hl7Segment {
  /** Three letters or digits. */
  readonly name: string;
  /** Text of a component of a field's first repetition, both counted from 1; of its first subcomponent. Empty when it is not there. */
  text(field: number, component?: number): string;
}

/**
 * @param bytes - one message; segments end with CR, or with LF or both, as files often have them. An MLLP frame around it is passed over
 * @param characterSet - term of HL7 table 0211 for a message that names none in MSH-18
 * @throws {ImagingError} `ORDER_TOO_LARGE` | `ORDER_MALFORMED` | `ORDER_TEXT_UNREADABLE`
 */
export function readHl7Message(bytes: Uint8Array, characterSet: string): readonly Hl7Segment[] {
  if (bytes.length > MESSAGE_BYTES_MAX) {
    const info = { code: 'ORDER_TOO_LARGE', bytesMax: MESSAGE_BYTES_MAX } as const;
    throw new ImagingError(info, `expected at most ${MESSAGE_BYTES_MAX} bytes`);
  }
  const message = withoutFrame(bytes);
  // Every character set of table 0211 has the header's letters and delimiters where ASCII has them.
  const [header = ''] = Buffer.from(message)
    .toString('latin1')
    .split(/[\r\n]/, 1);
  const delimiters = delimitersOf(header);
  const sets = (header.split(delimiters.field)[17] ?? '').split(delimiters.repetition);
  const decoder = hl7Decoder(sets[0] === '' ? [characterSet, ...sets.slice(1)] : sets);
  const lines = decoder(message)
    .split(/[\r\n]+/)
    .filter((line) => line !== '');
  if (lines.length > SEGMENTS_MAX) throw malformed('segments');
  return lines.map((line, index) => {
    if (!/^[A-Z][A-Z0-9]{2}$/.test(line.slice(0, 3))) throw malformed('segment');
    if (line.length > 3 && line[3] !== delimiters.field) throw malformed('segment');
    // A batch, or two messages run together: nobody could say what became of half of it.
    if (line.startsWith('MSH') !== (index === 0)) throw malformed('messages');
    return segmentOf(line, delimiters, decoder);
  });
}

function segmentOf(line: string, delimiters: Hl7Delimiters, decoder: Hl7Decoder): Hl7Segment {
  const name = line.slice(0, 3);
  const fields = line.split(delimiters.field);
  // MSH-1 is the separator itself, so the first text behind it is MSH-2.
  const first = name === 'MSH' ? 1 : 0;
  return {
    name,
    text(field, component = 1) {
      const [repetition = ''] = (fields[field - first] ?? '').split(delimiters.repetition, 1);
      const [text = ''] = (repetition.split(delimiters.component)[component - 1] ?? '').split(
        delimiters.subcomponent,
        1,
      );
      // Two quotes say that a value was removed.
      return text === '""' ? '' : decodeHl7Text(text, delimiters, decoder);
    },
  };
}

function delimitersOf(header: string): Hl7Delimiters {
  const field = header[3] ?? '';
  const end = header.indexOf(field, 4);
  const marks = header.slice(4, end < 0 ? header.length : end);
  const all = field + marks;
  // Version 2.7 has a fifth mark, for truncation.
  const isForm =
    header.startsWith('MSH') && (marks.length === 4 || marks.length === 5) && /^[!-/:-@[-`{-~]+$/.test(all);
  if (!isForm || new Set(all).size !== all.length) throw malformed('header');
  const [component = '', repetition = '', escape = '', subcomponent = ''] = marks;
  return { field, component, repetition, escape, subcomponent };
}

/** Without the frame of MLLP, and without a byte order mark. */
function withoutFrame(bytes: Uint8Array): Uint8Array {
  const start = bytes[0] === 0x0b ? 1 : 0;
  const hasMark = bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf;
  const end = bytes.lastIndexOf(0x1c);
  return bytes.subarray(start + (hasMark ? 3 : 0), start === 1 && end > 0 ? end : bytes.length);
}

export function malformed(rule: string): ImagingError {
  return new ImagingError({ code: 'ORDER_MALFORMED', rule }, 'expected one HL7 version 2 message');
}
