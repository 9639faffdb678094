/** The first code of a code sequence, for a DICOMDIR (PS3.3, 8.8). */
import { concatBytes } from '@radledger/primitives';
import { textElement } from './dicom-element.js';
import { type DataSetLayout, LONG_FORM_VRS } from './transfer-syntax.js';

const CODE_VALUE = 0x00080100;
const CODING_SCHEME = 0x00080102;
const CODE_MEANING = 0x00080104;
const ITEM = 0xfffee000;
const ITEM_HEAD_BYTES = 8;

/**
 * @param sequence - raw value of the sequence, from its first item on
 * @returns elements of an item in explicit VR little endian; a code that says that nothing is known where there is none
 */
export function firstCodeOf(sequence: Uint8Array, layout: DataSetLayout): Uint8Array {
  const code = readCode(sequence, layout);
  return concatBytes(
    textElement(CODE_VALUE, 'SH', code?.get(CODE_VALUE) ?? 'UNKNOWN'),
    textElement(CODING_SCHEME, 'SH', code?.get(CODING_SCHEME) ?? '99RADLEDGER'),
    textElement(CODE_MEANING, 'LO', code?.get(CODE_MEANING) ?? 'Not stated'),
  );
}

/** All three parts of a code, or undefined. */
function readCode(
  sequence: Uint8Array,
  { explicitVr, bigEndian }: DataSetLayout,
): ReadonlyMap<number, Uint8Array> | undefined {
  const view = new DataView(sequence.buffer, sequence.byteOffset, sequence.byteLength);
  const tagAt = (at: number): number => view.getUint16(at, !bigEndian) * 0x10000 + view.getUint16(at + 2, !bigEndian);
  if (sequence.length < ITEM_HEAD_BYTES || tagAt(0) !== ITEM) return undefined;
  const found = new Map<number, Uint8Array>();
  for (let at = ITEM_HEAD_BYTES; at + 8 <= sequence.length && tagAt(at) <= CODE_MEANING; ) {
    const tag = tagAt(at);
    const vr = explicitVr ? String.fromCharCode(view.getUint8(at + 4), view.getUint8(at + 5)) : undefined;
    if (vr !== undefined && LONG_FORM_VRS.has(vr)) return undefined;
    const length = vr === undefined ? view.getUint32(at + 4, !bigEndian) : view.getUint16(at + 6, !bigEndian);
    const end = at + 8 + length;
    if (end > sequence.length) return undefined;
    const isPart = tag === CODE_VALUE || tag === CODING_SCHEME || tag === CODE_MEANING;
    if (isPart && length > 0) found.set(tag, sequence.slice(at + 8, end));
    at = end;
  }
  return found.size === 3 ? found : undefined;
}
