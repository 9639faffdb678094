import { ImagingError } from './errors.js';

const UID = /^[0-9]+(\.[0-9]+)*$/;

/** A DICOM UID: 1 to 64 characters, digits and single dots (PS3.5, section 9.1); leading zeros are let pass. */
export function isUid(text: string): boolean {
  return text.length <= 64 && UID.test(text);
}

/**
 * The UID in the value of a UI element, without its padding.
 * @param tag - `gggg,eeee`, for the error
 * @throws {ImagingError} `MISSING_ATTRIBUTE` when empty | `INVALID_UID`
 */
export function uidFromValue(value: Uint8Array, tag: string): string {
  let end = value.length;
  while (end > 0 && (value[end - 1] === 0x00 || value[end - 1] === 0x20)) end--;
  if (end === 0) throw new ImagingError({ code: 'MISSING_ATTRIBUTE', tag }, `expected a value in (${tag})`);
  const text = end <= 64 ? String.fromCharCode(...value.subarray(0, end)) : '';
  if (!isUid(text)) {
    throw new ImagingError({ code: 'INVALID_UID', tag }, `expected at most 64 digits and dots in (${tag})`);
  }
  return text;
}
