/** Writes elements in explicit VR little endian, the syntax of a DICOMDIR. */
import { concatBytes, utf8 } from '@radledger/primitives';
import { LONG_FORM_VRS } from './transfer-syntax.js';

/** One element; the value has an even length. */
export function element(tag: number, vr: string, value: Uint8Array): Uint8Array {
  const isLong = LONG_FORM_VRS.has(vr);
  const head = new Uint8Array(isLong ? 12 : 8);
  const view = new DataView(head.buffer);
  view.setUint16(0, tag >>> 16, true);
  view.setUint16(2, tag & 0xffff, true);
  head.set(utf8(vr), 4);
  if (isLong) view.setUint32(8, value.length, true);
  else view.setUint16(6, value.length, true);
  return concatBytes(head, value);
}

/** A value of text, padded to an even length: UIDs with a zero, everything else with a space. */
export function textElement(tag: number, vr: string, value: Uint8Array | string): Uint8Array {
  const bytes = typeof value === 'string' ? utf8(value) : value;
  const padding = vr === 'UI' ? 0x00 : 0x20;
  return element(tag, vr, bytes.length % 2 === 0 ? bytes : concatBytes(bytes, Uint8Array.of(padding)));
}

/** An item of defined length. */
export function item(content: Uint8Array): Uint8Array {
  const head = new Uint8Array(8);
  const view = new DataView(head.buffer);
  view.setUint16(0, 0xfffe, true);
  view.setUint16(2, 0xe000, true);
  view.setUint32(4, content.length, true);
  return concatBytes(head, content);
}

export function uint16(value: number): Uint8Array {
  const bytes = new Uint8Array(2);
  new DataView(bytes.buffer).setUint16(0, value, true);
  return bytes;
}

export function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
