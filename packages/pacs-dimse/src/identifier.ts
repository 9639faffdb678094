/** What is asked of an archive and what it answers: small data sets in implicit VR little endian. */
import { type TextReader, textReaderOf } from '@radledger/imaging';
import { answerInvalid } from './archive-errors.js';

export const TAGS = {
  accessionNumber: 0x00080050,
  accessionIssuer: 0x00080051,
  localNamespace: 0x00400031,
  universalId: 0x00400032,
  sopClassUid: 0x00080016,
  sopInstanceUid: 0x00080018,
  queryRetrieveLevel: 0x00080052,
  studyInstanceUid: 0x0020000d,
  seriesInstanceUid: 0x0020000e,
  studyInstances: 0x00201208,
} as const;

/** Text by tag, and the keys of a sequence's one item; an empty text asks for the value. */
export type Identifier = ReadonlyMap<number, string | Identifier>;

/** What is read of an answer. */
export interface Answer {
  /** Text of an element, decoded as Specific Character Set says; empty when it is absent, or longer than 1,024 bytes. */
  text(tag: number): string;
  /** The first item of a sequence. @throws {ImagingError} `ARCHIVE_ANSWER_INVALID` */
  item(tag: number): Answer | undefined;
}

const SPECIFIC_CHARACTER_SET = 0x00080005;
const UNDEFINED_LENGTH = 0xffffffff;
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const DEPTH_MAX = 8;
/** Longer values are none that was asked for. */
const TEXT_BYTES_MAX = 1024;

export function encodeIdentifier(identifier: Identifier): Buffer {
  const elements = [...identifier]
    .sort(([a], [b]) => a - b)
    .map(([tag, key]) =>
      elementOf(tag, typeof key === 'string' ? textValue(key) : elementOf(ITEM, encodeIdentifier(key))),
    );
  return Buffer.concat(elements);
}

function textValue(text: string): Buffer {
  // Every UI of a query stands in these groups; all else is padded with a space.
  const padding = text !== '' && /^[0-9.]+$/.test(text) ? '\0' : ' ';
  return Buffer.from(text.length % 2 === 0 ? text : text + padding, 'latin1');
}

function elementOf(tag: number, value: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16LE(tag >>> 16, 0);
  head.writeUInt16LE(tag & 0xffff, 2);
  head.writeUInt32LE(value.length, 4);
  return Buffer.concat([head, value]);
}

/** @throws {ImagingError} `ARCHIVE_ANSWER_INVALID` */
export function decodeIdentifier(bytes: Buffer): Answer {
  const values = valuesOf(bytes);
  const terms = values.get(SPECIFIC_CHARACTER_SET)?.toString('latin1').split('\\') ?? [];
  return answerOf(values, textReaderOf(terms.map((term) => term.trim())));
}

function answerOf(values: ReadonlyMap<number, Buffer>, read: TextReader): Answer {
  return {
    text(tag) {
      const value = values.get(tag);
      return value === undefined || value.length > TEXT_BYTES_MAX ? '' : read(value).replace(/[\0 ]+$/, '');
    },
    item(tag) {
      const sequence = values.get(tag);
      if (sequence === undefined || sequence.length === 0) return undefined;
      const { tag: first, length } = headAt(sequence, 0);
      if (first !== ITEM) throw malformed();
      const end = length === UNDEFINED_LENGTH ? endOfItem(sequence, 8, 1) - 8 : 8 + length;
      if (end > sequence.length) throw malformed();
      return answerOf(valuesOf(sequence.subarray(8, end)), read);
    },
  };
}

/** Raw values of a data set's own elements; of a sequence its items, without the delimiter behind them. */
function valuesOf(bytes: Buffer): ReadonlyMap<number, Buffer> {
  const values = new Map<number, Buffer>();
  for (let position = 0; position < bytes.length; ) {
    const { tag, length } = headAt(bytes, position);
    const start = position + 8;
    position = length === UNDEFINED_LENGTH ? endOfSequence(bytes, start, 1) : start + length;
    if (position > bytes.length) throw malformed();
    values.set(tag, bytes.subarray(start, length === UNDEFINED_LENGTH ? position - 8 : position));
  }
  return values;
}

/** @returns where the sequence ends that begins at `start` */
function endOfSequence(bytes: Buffer, start: number, depth: number): number {
  if (depth > DEPTH_MAX) throw malformed();
  for (let position = start; ; ) {
    const { tag, length } = headAt(bytes, position);
    position += 8;
    if (tag === SEQUENCE_END) return position;
    if (tag !== ITEM) throw malformed();
    position = length === UNDEFINED_LENGTH ? endOfItem(bytes, position, depth) : position + length;
  }
}

function endOfItem(bytes: Buffer, start: number, depth: number): number {
  for (let position = start; ; ) {
    const { tag, length } = headAt(bytes, position);
    position += 8;
    if (tag === ITEM_END) return position;
    position = length === UNDEFINED_LENGTH ? endOfSequence(bytes, position, depth + 1) : position + length;
  }
}

function headAt(bytes: Buffer, position: number): { readonly tag: number; readonly length: number } {
  if (bytes.length < position + 8) throw malformed();
  const tag = bytes.readUInt16LE(position) * 0x10000 + bytes.readUInt16LE(position + 2);
  return { tag, length: bytes.readUInt32LE(position + 4) };
}

function malformed() {
  return answerInvalid('identifier', 'expected a data set in implicit VR little endian');
}
