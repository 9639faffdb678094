/** What is asked of an archive and what it answers: small data sets in implicit VR little endian. */
import { answerInvalid } from './archive-errors.js';

export const TAGS = {
  sopClassUid: 0x00080016,
  sopInstanceUid: 0x00080018,
  queryRetrieveLevel: 0x00080052,
  studyInstanceUid: 0x0020000d,
  seriesInstanceUid: 0x0020000e,
  studyInstances: 0x00201208,
} as const;

/** Text by tag; an empty one asks for the value. */
export type Identifier = ReadonlyMap<number, string>;

const UNDEFINED_LENGTH = 0xffffffff;
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const DEPTH_MAX = 8;

export function encodeIdentifier(identifier: Identifier): Buffer {
  const elements = [...identifier]
    .sort(([a], [b]) => a - b)
    .map(([tag, text]) => {
      // Every UI of a query stands in these groups; all else is padded with a space.
      const padding = text !== '' && /^[0-9.]+$/.test(text) ? '\0' : ' ';
      const value = Buffer.from(text.length % 2 === 0 ? text : text + padding, 'latin1');
      const head = Buffer.alloc(8);
      head.writeUInt16LE(tag >>> 16, 0);
      head.writeUInt16LE(tag & 0xffff, 2);
      head.writeUInt32LE(value.length, 4);
      return Buffer.concat([head, value]);
    });
  return Buffer.concat(elements);
}

/**
 * The texts of the root; sequences are passed over.
 * @throws {ImagingError} `ARCHIVE_ANSWER_INVALID`
 */
export function decodeIdentifier(bytes: Buffer): Identifier {
  const texts = new Map<number, string>();
  for (let position = 0; position < bytes.length; ) {
    const { tag, length } = headAt(bytes, position);
    position += 8;
    if (length === UNDEFINED_LENGTH) {
      position = endOfSequence(bytes, position, 1);
      continue;
    }
    const end = position + length;
    if (end > bytes.length) throw malformed();
    // Long values are none that was asked for.
    if (length <= 1024) texts.set(tag, bytes.toString('latin1', position, end).replace(/[\0 ]+$/, ''));
    position = end;
  }
  return texts;
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
