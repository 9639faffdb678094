/**
 * Which attributes a DICOMDIR repeats of an instance, and what stands for those that it must have and the instance has
 * not (PS3.3, Annex F). Spec: docs/spec/file-set.md, section 4.2.
 */
import { concatBytes } from '@radledger/primitives';
import { element, item, textElement } from './dicom-element.js';
import { firstCodeOf } from './first-code.js';
import type { DataSetLayout } from './transfer-syntax.js';

/** What an instance has of `DIRECTORY_ATTRIBUTES`. */
export interface DirectorySource {
  readonly values: ReadonlyMap<number, Uint8Array>;
  readonly layout: DataSetLayout;
}

/** `standIn`: of type 1, so never empty. Without one: type 2, may be empty. `only`: type 1C, left out when absent. */
interface Key {
  readonly tag: number;
  readonly vr: string;
  readonly standIn?: string;
  readonly only?: 'present';
}

const CHARACTER_SET: Key = { tag: 0x00080005, vr: 'CS', only: 'present' };
const INSTANCE_NUMBER = 0x00200013;
const SERIES_NUMBER = 0x00200011;
const CONCEPT_NAME = 0x0040a043;
const NO_DATE = '19000101';
const NO_TIME = '000000';

const PATIENT: readonly Key[] = [
  CHARACTER_SET,
  { tag: 0x00100010, vr: 'PN' },
  { tag: 0x00100020, vr: 'LO', standIn: 'UNKNOWN' },
];
const STUDY: readonly Key[] = [
  CHARACTER_SET,
  { tag: 0x00080020, vr: 'DA', standIn: NO_DATE },
  { tag: 0x00080030, vr: 'TM', standIn: NO_TIME },
  { tag: 0x00080050, vr: 'SH' },
  { tag: 0x00081030, vr: 'LO' },
  { tag: 0x0020000d, vr: 'UI' },
  { tag: 0x00200010, vr: 'SH', standIn: '1' },
];
const SERIES: readonly Key[] = [
  CHARACTER_SET,
  { tag: 0x00080060, vr: 'CS', standIn: 'OT' },
  { tag: 0x0020000e, vr: 'UI' },
  { tag: SERIES_NUMBER, vr: 'IS', standIn: '' },
];

const number: Key = { tag: INSTANCE_NUMBER, vr: 'IS', standIn: '' };
const contentTime: readonly Key[] = [
  { tag: 0x00080023, vr: 'DA', standIn: NO_DATE },
  { tag: 0x00080033, vr: 'TM', standIn: NO_TIME },
];
const contentLabel: readonly Key[] = [
  { tag: 0x00700080, vr: 'CS', standIn: 'UNKNOWN' },
  { tag: 0x00700081, vr: 'LO' },
];
const creator: Key = { tag: 0x00700084, vr: 'PN' };

/** Keys of the records that are not IMAGE, in ascending order. */
const LEAVES: Readonly<Record<string, readonly Key[]>> = {
  IMAGE: [number],
  STEREOMETRIC: [],
  'RT DOSE': [CHARACTER_SET, number, { tag: 0x3004000a, vr: 'CS', standIn: 'PLAN' }],
  'RT STRUCTURE SET': [
    CHARACTER_SET,
    number,
    { tag: 0x30060002, vr: 'SH', standIn: 'UNKNOWN' },
    { tag: 0x30060008, vr: 'DA' },
    { tag: 0x30060009, vr: 'TM' },
  ],
  'RT PLAN': [
    CHARACTER_SET,
    number,
    { tag: 0x300a0002, vr: 'SH', standIn: 'UNKNOWN' },
    { tag: 0x300a0006, vr: 'DA' },
    { tag: 0x300a0007, vr: 'TM' },
  ],
  'RT TREAT RECORD': [CHARACTER_SET, number, { tag: 0x30080250, vr: 'DA' }, { tag: 0x30080251, vr: 'TM' }],
  PRESENTATION: [
    CHARACTER_SET,
    number,
    ...contentLabel,
    { tag: 0x00700082, vr: 'DA', standIn: NO_DATE },
    { tag: 0x00700083, vr: 'TM', standIn: NO_TIME },
    creator,
  ],
  WAVEFORM: [CHARACTER_SET, ...contentTime, number],
  'RAW DATA': [CHARACTER_SET, ...contentTime, number],
  REGISTRATION: [CHARACTER_SET, ...contentTime, number, ...contentLabel, creator],
  FIDUCIAL: [CHARACTER_SET, ...contentTime, number, ...contentLabel, creator],
  'VALUE MAP': [CHARACTER_SET, ...contentTime, number, ...contentLabel, creator],
  MEASUREMENT: [CHARACTER_SET, ...contentTime, number, ...contentLabel, creator],
  SURFACE: [CHARACTER_SET, ...contentTime, number, ...contentLabel, creator],
  'KEY OBJECT DOC': [CHARACTER_SET, ...contentTime, number, { tag: CONCEPT_NAME, vr: 'SQ' }],
  'SR DOCUMENT': [
    CHARACTER_SET,
    ...contentTime,
    number,
    { tag: CONCEPT_NAME, vr: 'SQ' },
    { tag: 0x0040a491, vr: 'CS', standIn: 'PARTIAL' },
    { tag: 0x0040a493, vr: 'CS', standIn: 'UNVERIFIED' },
  ],
  'ENCAP DOC': [
    CHARACTER_SET,
    { tag: 0x00080023, vr: 'DA' },
    { tag: 0x00080033, vr: 'TM' },
    number,
    { tag: 0x00420010, vr: 'ST' },
    { tag: 0x00420012, vr: 'LO', standIn: 'application/octet-stream' },
  ],
};

/** Below 1.2.840.10008.5.1.4.1.1; the longest beginning that fits decides. Every other class is listed as IMAGE. */
const STORAGE = '1.2.840.10008.5.1.4.1.1.';
const RECORD_TYPES: readonly (readonly [beginning: string, type: string])[] = [
  ['9.', 'WAVEFORM'],
  ['11.', 'PRESENTATION'],
  ['66.', 'RAW DATA'],
  ['66.1.', 'REGISTRATION'],
  ['66.2.', 'FIDUCIAL'],
  ['66.3.', 'REGISTRATION'],
  ['66.4.', 'IMAGE'],
  ['66.5.', 'SURFACE'],
  ['67.', 'VALUE MAP'],
  ['77.1.5.3.', 'STEREOMETRIC'],
  ['78.', 'MEASUREMENT'],
  ['88.', 'SR DOCUMENT'],
  ['88.59.', 'KEY OBJECT DOC'],
  ['104.', 'ENCAP DOC'],
  ['481.2.', 'RT DOSE'],
  ['481.3.', 'RT STRUCTURE SET'],
  ['481.4.', 'RT TREAT RECORD'],
  ['481.5.', 'RT PLAN'],
  ['481.6.', 'RT TREAT RECORD'],
  ['481.7.', 'RT TREAT RECORD'],
  ['481.8.', 'RT PLAN'],
  ['481.9.', 'RT TREAT RECORD'],
];

/** Every attribute that some record repeats. */
export const DIRECTORY_ATTRIBUTES: ReadonlySet<number> = new Set(
  [PATIENT, STUDY, SERIES, ...Object.values(LEAVES)].flat().map(({ tag }) => tag),
);

/** The type of the directory record of an instance (0004,1430). */
export function recordTypeOf(sopClassUid: string): string {
  if (!sopClassUid.startsWith(STORAGE)) return 'IMAGE';
  const rest = `${sopClassUid.slice(STORAGE.length)}.`;
  return RECORD_TYPES.findLast(([beginning]) => rest.startsWith(beginning))?.[1] ?? 'IMAGE';
}

export function patientKeys(source: DirectorySource): Uint8Array {
  return keysOf(PATIENT, source, 0);
}

export function studyKeys(source: DirectorySource): Uint8Array {
  return keysOf(STUDY, source, 0);
}

/** @param position - of the series in the study, from 1: stands for a number that it has not */
export function seriesKeys(source: DirectorySource, position: number): Uint8Array {
  return keysOf(SERIES, source, position);
}

/** @param position - of the instance in the file-set, from 1: stands for a number that it has not */
export function leafKeys(recordType: string, source: DirectorySource, position: number): Uint8Array {
  return keysOf(LEAVES[recordType] ?? [], source, position);
}

function keysOf(keys: readonly Key[], { values, layout }: DirectorySource, position: number): Uint8Array {
  return concatBytes(
    ...keys.map(({ tag, vr, standIn, only }) => {
      const value = values.get(tag) ?? new Uint8Array(0);
      if (tag === CONCEPT_NAME) return element(tag, 'SQ', item(firstCodeOf(value, layout)));
      const text = trimmed(value);
      if (text.length > 0) return textElement(tag, vr, text);
      if (only === 'present') return new Uint8Array(0);
      const isNumber = tag === INSTANCE_NUMBER || tag === SERIES_NUMBER;
      return textElement(tag, vr, isNumber ? String(position) : (standIn ?? ''));
    }),
  );
}

/** Without padding: zeros and spaces at its end. */
function trimmed(value: Uint8Array): Uint8Array {
  let end = value.length;
  while (end > 0 && (value[end - 1] === 0x00 || value[end - 1] === 0x20)) end--;
  return value.subarray(0, end);
}
