/** The first code of a code sequence, for a DICOMDIR (PS3.3, 8.8). */
import { concatBytes } from '@radledger/primitives';
import { textElement } from './dicom-element.js';
import { readFirstItem } from './first-item.js';
import type { DataSetLayout } from './transfer-syntax.js';

const CODE_VALUE = 0x00080100;
const CODING_SCHEME = 0x00080102;
const CODE_MEANING = 0x00080104;
const PARTS = [CODE_VALUE, CODING_SCHEME, CODE_MEANING];

/**
 * @param sequence - raw value of the sequence, from its first item on
 * @returns elements of an item in explicit VR little endian; a code that says that nothing is known where not all of it is there
 */
export function firstCodeOf(sequence: Uint8Array, layout: DataSetLayout): Uint8Array {
  const parts = readFirstItem(sequence, layout, PARTS);
  const code = parts.size === PARTS.length ? parts : undefined;
  return concatBytes(
    textElement(CODE_VALUE, 'SH', code?.get(CODE_VALUE) ?? 'UNKNOWN'),
    textElement(CODING_SCHEME, 'SH', code?.get(CODING_SCHEME) ?? '99RADLEDGER'),
    textElement(CODE_MEANING, 'LO', code?.get(CODE_MEANING) ?? 'Not stated'),
  );
}
