/**
 * Puts the recipient's own patient in the place of the sender's, and keeps the sender's inside the object: Original
 * Attributes Sequence (PS3.3, C.12.1.1.9). Spec: docs/spec/file-set.md, section 6.4.
 */
import { concatBytes, utf8 } from '@radledger/primitives';
import type { RootElement } from './data-set-reader.js';
import { ImagingError } from './errors.js';
import { type DataSetLayout, LONG_FORM_VRS } from './transfer-syntax.js';

/** Who the patient is in the recipient's archive. */
export interface LocalPatient {
  /** DICOM form, `Family^Given`; at most 64 characters, no control characters, no backslash. */
  readonly name: string;
  /** At most 64 characters of the same kind. */
  readonly id: string;
  /** Who gave that id; default: none is named. */
  readonly issuer?: string | undefined;
  /** `YYYYMMDD`; default: as sent. */
  readonly birthDate?: string | undefined;
  /** Default: as sent. */
  readonly sex?: 'M' | 'F' | 'O' | undefined;
}

/** What is written about the change. */
export interface PatientChange {
  readonly patient: LocalPatient;
  /** Modifying system, at most 64 characters of ASCII. */
  readonly system: string;
  /** Source of the previous values, at most 64 characters of ASCII. */
  readonly previousSource: string;
  readonly atMs: number;
}

/** Bytes to take out of a data set at `start`, and those to put there; ascending, apart. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

const CHARACTER_SET = 0x00080005;
const PATIENT_NAME = 0x00100010;
const PATIENT_ID = 0x00100020;
const ISSUER = 0x00100021;
const BIRTH_DATE = 0x00100030;
const SEX = 0x00100040;
const ORIGINAL_ATTRIBUTES = 0x04000561;
const SEQUENCE_END_BYTES = 8;
const ASCII = /^[\x20-\x7e]*$/;
/** What is read from the data set to make the edits. */
export const EDITED_TAGS: ReadonlySet<number> = new Set([
  CHARACTER_SET,
  PATIENT_NAME,
  PATIENT_ID,
  ISSUER,
  BIRTH_DATE,
  SEX,
  ORIGINAL_ATTRIBUTES,
]);

/** @throws {ImagingError} `LOCAL_PATIENT_REFUSED` */
export function validateLocalPatient({ name, id, issuer = '', birthDate, sex }: LocalPatient): void {
  for (const [field, text] of Object.entries({ name, id, issuer })) {
    if (!isWritable(text) || (field !== 'issuer' && text === '')) throw refused(field);
  }
  if (birthDate !== undefined && !isDate(birthDate)) throw refused('birthDate');
  if (sex !== undefined && !['M', 'F', 'O'].includes(sex)) throw refused('sex');
}

/** @throws {ImagingError} `LOCAL_PATIENT_REFUSED` */
export function validateChange({ patient, system, previousSource }: PatientChange): void {
  validateLocalPatient(patient);
  for (const [field, text] of Object.entries({ system, previousSource })) {
    if (!isWritable(text) || text === '' || !ASCII.test(text)) throw refused(field);
  }
}

const isWritable = (text: string): boolean => text.length <= 64 && !/[\p{Cc}\\]/u.test(text) && text === text.trim();

/** `YYYYMMDD`, and a day of the calendar. */
function isDate(text: string): boolean {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)$/.exec(text) ?? [];
  const at = new Date(`${year}-${month}-${day}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.getUTCDate() === Number(day);
}

/**
 * @param elements - the elements of the root in their order, up to Pixel Data
 * @param raw - bytes of those whose tag is in `EDITED_TAGS`, head included
 */
export function editsOf(
  change: PatientChange,
  layout: DataSetLayout,
  elements: readonly RootElement[],
  raw: ReadonlyMap<number, Uint8Array>,
): readonly Edit[] {
  const { name, id, issuer, birthDate, sex } = change.patient;
  const charset = valueOf(CHARACTER_SET, elements, raw);
  const write = (tag: number, vr: string, value: Uint8Array): Uint8Array => elementIn(layout, tag, vr, value);
  const written: readonly (readonly [tag: number, bytes: Uint8Array])[] = [
    [PATIENT_NAME, write(PATIENT_NAME, 'PN', encodeText('name', name, charset))],
    [PATIENT_ID, write(PATIENT_ID, 'LO', encodeText('id', id, charset))],
    [ISSUER, issuer === undefined ? new Uint8Array(0) : write(ISSUER, 'LO', encodeText('issuer', issuer, charset))],
    ...(birthDate === undefined ? [] : [[BIRTH_DATE, write(BIRTH_DATE, 'DA', utf8(birthDate))] as const]),
    ...(sex === undefined ? [] : [[SEX, write(SEX, 'CS', utf8(sex))] as const]),
    [ORIGINAL_ATTRIBUTES, originalAttributes(change, layout, elements, raw)],
  ];
  return written.map(([tag, bytes]) => ({ ...placeOf(tag, elements), bytes }));
}

/** The element itself, or the empty place where it belongs. */
function placeOf(tag: number, elements: readonly RootElement[]): { start: number; end: number } {
  const at = elements.find((element) => element.tag >= tag);
  if (at?.tag === tag) return { start: at.start, end: at.end };
  const start = at?.start ?? elements.at(-1)?.end ?? 0;
  return { start, end: start };
}

/** The sequence with an item more. */
function originalAttributes(
  { patient, system, previousSource, atMs }: PatientChange,
  layout: DataSetLayout,
  elements: readonly RootElement[],
  raw: ReadonlyMap<number, Uint8Array>,
): Uint8Array {
  const write = (tag: number, vr: string, value: Uint8Array): Uint8Array => elementIn(layout, tag, vr, value);
  const originals = concatBytes(
    raw.get(PATIENT_NAME) ?? write(PATIENT_NAME, 'PN', new Uint8Array(0)),
    raw.get(PATIENT_ID) ?? write(PATIENT_ID, 'LO', new Uint8Array(0)),
    raw.get(ISSUER) ?? new Uint8Array(0),
    ...(patient.birthDate === undefined ? [] : [raw.get(BIRTH_DATE) ?? write(BIRTH_DATE, 'DA', new Uint8Array(0))]),
    ...(patient.sex === undefined ? [] : [raw.get(SEX) ?? write(SEX, 'CS', new Uint8Array(0))]),
  );
  const item = itemIn(
    layout,
    concatBytes(
      write(0x04000550, 'SQ', itemIn(layout, originals)),
      write(0x04000562, 'DT', utf8(dateTimeOf(atMs))),
      write(0x04000563, 'LO', utf8(system)),
      write(0x04000564, 'LO', utf8(previousSource)),
      write(0x04000565, 'CS', utf8('COERCE')),
    ),
  );
  return write(ORIGINAL_ATTRIBUTES, 'SQ', concatBytes(valueOf(ORIGINAL_ATTRIBUTES, elements, raw), item));
}

/** The value of an element without its delimiter; none when it is absent. */
function valueOf(tag: number, elements: readonly RootElement[], raw: ReadonlyMap<number, Uint8Array>): Uint8Array {
  const element = elements.find((each) => each.tag === tag);
  const bytes = raw.get(tag);
  if (element === undefined || bytes === undefined) return new Uint8Array(0);
  const end = element.hasUndefinedLength ? bytes.length - SEQUENCE_END_BYTES : bytes.length;
  return bytes.slice(element.valueStart - element.start, end);
}

/** ASCII is in every character set; other letters need one that has them. */
function encodeText(field: string, text: string, charset: Uint8Array): Uint8Array {
  if (ASCII.test(text)) return utf8(text);
  const name = String.fromCharCode(...charset).trim();
  if (name === 'ISO_IR 192') return utf8(text);
  if (name === 'ISO_IR 100' && /^[\x20-\x7e\xa0-\xff]*$/.test(text)) return new Uint8Array(Buffer.from(text, 'latin1'));
  throw refused(field);
}

function elementIn({ explicitVr, bigEndian }: DataSetLayout, tag: number, vr: string, value: Uint8Array): Uint8Array {
  const padded = value.length % 2 === 0 ? value : concatBytes(value, Uint8Array.of(0x20));
  const isLong = explicitVr && LONG_FORM_VRS.has(vr);
  const head = new Uint8Array(isLong ? 12 : 8);
  const view = new DataView(head.buffer);
  view.setUint16(0, tag >>> 16, !bigEndian);
  view.setUint16(2, tag & 0xffff, !bigEndian);
  if (explicitVr) head.set(utf8(vr), 4);
  if (explicitVr && !isLong) view.setUint16(6, padded.length, !bigEndian);
  else view.setUint32(isLong ? 8 : 4, padded.length, !bigEndian);
  return concatBytes(head, padded);
}

function itemIn({ bigEndian }: DataSetLayout, content: Uint8Array): Uint8Array {
  const head = new Uint8Array(8);
  const view = new DataView(head.buffer);
  view.setUint16(0, 0xfffe, !bigEndian);
  view.setUint16(2, 0xe000, !bigEndian);
  view.setUint32(4, content.length, !bigEndian);
  return concatBytes(head, content);
}

/** `YYYYMMDDHHMMSS+0000`. */
function dateTimeOf(atMs: number): string {
  return `${new Date(atMs).toISOString().replace(/[-:T]/g, '').slice(0, 14)}+0000`;
}

function refused(field: string): ImagingError {
  const info = { code: 'LOCAL_PATIENT_REFUSED', field } as const;
  return new ImagingError(info, `expected a ${field} that the character set of every instance can write`);
}
