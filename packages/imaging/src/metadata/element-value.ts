/** The value of one element in the DICOM JSON Model (PS3.18, annex F.2). */
import type { TextReader } from './specific-character-set.js';

export interface DicomJsonElement {
  readonly vr: string;
  readonly Value?: readonly unknown[];
  /** Base64 of the bytes in little endian. */
  readonly InlineBinary?: string;
}

const BINARY = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN']);
/** Of the character set of the data set; the others are ASCII. */
const TEXT = new Set(['LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UT']);
/** One value, whatever it holds. */
const SINGLE = new Set(['LT', 'ST', 'UR', 'UT']);
/** Longest binary value that is given; longer ones are bulk data and left out. */
const INLINE_BYTES_MAX = 4096;

/** @returns undefined for bulk data, and for binary values whose byte order cannot be told */
export function elementJson(
  vr: string,
  bytes: Uint8Array,
  littleEndian: boolean,
  read: TextReader,
): DicomJsonElement | undefined {
  if (bytes.length === 0) return { vr };
  if (BINARY.has(vr)) {
    if (bytes.length > INLINE_BYTES_MAX || (!littleEndian && vr !== 'OB' && vr !== 'UN')) return undefined;
    return { vr, InlineBinary: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64') };
  }
  const number = NUMBERS[vr];
  const values = number === undefined ? textValues(vr, bytes, read) : numbersOf(bytes, littleEndian, number);
  return values.length === 0 ? { vr } : { vr, Value: values };
}

interface NumberForm {
  readonly bytes: number;
  readonly read: (view: DataView, offset: number, littleEndian: boolean) => unknown;
}

const NUMBERS: Readonly<Record<string, NumberForm>> = {
  US: { bytes: 2, read: (view, offset, little) => view.getUint16(offset, little) },
  SS: { bytes: 2, read: (view, offset, little) => view.getInt16(offset, little) },
  UL: { bytes: 4, read: (view, offset, little) => view.getUint32(offset, little) },
  SL: { bytes: 4, read: (view, offset, little) => view.getInt32(offset, little) },
  FL: { bytes: 4, read: (view, offset, little) => finite(view.getFloat32(offset, little)) },
  FD: { bytes: 8, read: (view, offset, little) => finite(view.getFloat64(offset, little)) },
  UV: { bytes: 8, read: (view, offset, little) => whole(view.getBigUint64(offset, little)) },
  SV: { bytes: 8, read: (view, offset, little) => whole(view.getBigInt64(offset, little)) },
  AT: {
    bytes: 4,
    read: (view, offset, little) => hex4(view.getUint16(offset, little)) + hex4(view.getUint16(offset + 2, little)),
  },
};

function numbersOf(bytes: Uint8Array, littleEndian: boolean, form: NumberForm): unknown[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const values: unknown[] = [];
  for (let offset = 0; offset + form.bytes <= bytes.length; offset += form.bytes) {
    values.push(form.read(view, offset, littleEndian));
  }
  return values;
}

function textValues(vr: string, bytes: Uint8Array, read: TextReader): unknown[] {
  const text = TEXT.has(vr) ? read(bytes) : Buffer.from(bytes).toString('latin1');
  const values = SINGLE.has(vr) ? [text] : text.split('\\');
  const shown = values.map((value) => {
    const end = value.replace(/[ \0]+$/, '');
    const trimmed = SINGLE.has(vr) ? end : end.replace(/^ +/, '');
    return trimmed === '' ? null : textValue(vr, trimmed);
  });
  return shown.every((value) => value === null) ? [] : shown;
}

function textValue(vr: string, value: string): unknown {
  if (vr === 'PN') {
    const [alphabetic, ideographic, phonetic] = value.split('=').map((group) => group.replace(/[\^ ]+$/, ''));
    if (!alphabetic && !ideographic && !phonetic) return null;
    return {
      ...(alphabetic ? { Alphabetic: alphabetic } : {}),
      ...(ideographic ? { Ideographic: ideographic } : {}),
      ...(phonetic ? { Phonetic: phonetic } : {}),
    };
  }
  if (vr === 'IS' || vr === 'DS') {
    // A number where it is one; what archives put there instead stays text (F.2.3.1 lets both).
    return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(value) && Number.isFinite(Number(value))
      ? Number(value)
      : value;
  }
  return value;
}

function finite(value: number): number | string {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'inf' : '-inf';
}

function whole(value: bigint): number | string {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : value.toString();
}

function hex4(value: number): string {
  return value.toString(16).toUpperCase().padStart(4, '0');
}
