/** A data set up to its pixel data in the DICOM JSON Model (PS3.18, annex F), from bytes in memory. */
import { elements } from '@iwharris/dicom-data-dictionary';
import { ImagingError } from '../errors.js';
import { type DataSetLayout, LONG_FORM_VRS } from '../transfer-syntax.js';
import { type DicomJsonElement, elementJson } from './element-value.js';
import { type TextReader, textReaderOf } from './specific-character-set.js';

/** By tag, `GGGGEEEE` in upper-case hex. */
export type DicomJson = Record<string, DicomJsonElement>;

const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const SPECIFIC_CHARACTER_SET = 0x00080005;
const PIXEL_REPRESENTATION = 0x00280103;
/** Pixel data and what may follow it: not part of metadata. */
const FIRST_LEFT_OUT = 0x7fe00000;
const UNDEFINED_LENGTH = 0xffffffff;
const DEPTH_MAX = 32;
const ELEMENTS_MAX = 200_000;

/** What holds inside an item as well, unless the item says otherwise. */
interface Scope {
  readonly explicitVr: boolean;
  readonly littleEndian: boolean;
  readonly read: TextReader;
  readonly signedPixels: boolean;
  readonly depth: number;
}

/** Thrown when the bytes end before the metadata does. */
class MoreBytesNeeded extends Error {}

/**
 * @param bytes - the (inflated) data set, or its beginning
 * @returns undefined when `bytes` end before the pixel data and the data set goes on
 * @throws {ImagingError} `MALFORMED_DATA_SET` | `TRUNCATED_INSTANCE`
 */
export function dataSetJson(bytes: Uint8Array, layout: DataSetLayout, isWhole: boolean): DicomJson | undefined {
  try {
    return new DataSetWalk(bytes, isWhole).root({
      explicitVr: layout.explicitVr,
      littleEndian: !layout.bigEndian,
      read: textReaderOf([]),
      signedPixels: false,
      depth: 0,
    });
  } catch (error) {
    if (!(error instanceof MoreBytesNeeded)) throw error;
    if (!isWhole) return undefined;
    throw new ImagingError({ code: 'TRUNCATED_INSTANCE' }, 'the file ends inside an element');
  }
}

class DataSetWalk {
  private readonly view: DataView;
  private offset = 0;
  private elements = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly isWhole: boolean,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  root(scope: Scope): DicomJson {
    return this.dataSet(scope, this.isWhole ? this.bytes.length : Number.POSITIVE_INFINITY);
  }

  /** Elements up to `end`, or up to what ends an item of undefined length. */
  private dataSet(outer: Scope, end: number): DicomJson {
    const json: DicomJson = {};
    let scope = outer;
    while (this.offset < end) {
      const tag = this.tag(scope);
      if (tag === ITEM_END && outer.depth > 0) {
        this.skip(8);
        break;
      }
      // Zeros up to the end of the file are padding.
      if (outer.depth === 0 && (tag >= FIRST_LEFT_OUT || tag === 0)) break;
      const element = this.element(tag, scope);
      scope = scopeAfter(tag, element, scope);
      if (element !== undefined && tag % 0x10000 !== 0) json[hexOf(tag)] = element;
    }
    return json;
  }

  private element(tag: number, scope: Scope): DicomJsonElement | undefined {
    this.elements += 1;
    if (this.elements > ELEMENTS_MAX) throw malformed(`metadata has at most ${ELEMENTS_MAX} elements`);
    const { vr, length } = scope.explicitVr ? this.explicitHead(scope) : this.implicitHead(tag, scope);
    if (vr === 'SQ' || length === UNDEFINED_LENGTH) {
      // The value of UN with undefined length is implicit VR little endian, whatever surrounds it (PS3.5, 6.2.2).
      const inner = vr === 'UN' ? { ...scope, explicitVr: false, littleEndian: true } : scope;
      return { vr: 'SQ', ...valueOf(this.items(inner, length)) };
    }
    return elementJson(vr, this.take(length), scope.littleEndian, scope.read);
  }

  private explicitHead({ littleEndian }: Scope): { vr: string; length: number } {
    this.need(8);
    const vr = String.fromCharCode(this.view.getUint8(this.offset + 4), this.view.getUint8(this.offset + 5));
    if (!/^[A-Z]{2}$/.test(vr)) throw malformed('every element names its value representation');
    if (!LONG_FORM_VRS.has(vr)) {
      const length = this.view.getUint16(this.offset + 6, littleEndian);
      this.skip(8);
      return { vr, length };
    }
    this.need(12);
    const length = this.view.getUint32(this.offset + 8, littleEndian);
    this.skip(12);
    return { vr, length };
  }

  private implicitHead(tag: number, { littleEndian, signedPixels }: Scope): { vr: string; length: number } {
    this.need(8);
    const length = this.view.getUint32(this.offset + 4, littleEndian);
    this.skip(8);
    return { vr: vrOf(tag, signedPixels), length };
  }

  private items(scope: Scope, length: number): DicomJson[] {
    if (scope.depth === DEPTH_MAX) throw malformed(`sequences nest at most ${DEPTH_MAX} deep`);
    const inner = { ...scope, depth: scope.depth + 1 };
    const end = length === UNDEFINED_LENGTH ? Number.POSITIVE_INFINITY : this.offset + length;
    if (end !== Number.POSITIVE_INFINITY) this.need(length);
    const items: DicomJson[] = [];
    while (this.offset < end) {
      const tag = this.tag(scope);
      this.need(8);
      const itemLength = this.view.getUint32(this.offset + 4, scope.littleEndian);
      this.skip(8);
      if (tag === SEQUENCE_END && end === Number.POSITIVE_INFINITY) break;
      if (tag !== ITEM) throw malformed('a sequence holds items');
      const itemEnd = itemLength === UNDEFINED_LENGTH ? Number.POSITIVE_INFINITY : this.offset + itemLength;
      if (itemEnd > end && itemLength !== UNDEFINED_LENGTH) throw malformed('an item ends inside its sequence');
      items.push(this.dataSet(inner, itemEnd));
      if (itemLength !== UNDEFINED_LENGTH && this.offset !== itemEnd) throw malformed('elements end inside their item');
    }
    if (end !== Number.POSITIVE_INFINITY && this.offset !== end) throw malformed('items end inside their sequence');
    return items;
  }

  private tag({ littleEndian }: Scope): number {
    this.need(4);
    return (
      this.view.getUint16(this.offset, littleEndian) * 0x10000 + this.view.getUint16(this.offset + 2, littleEndian)
    );
  }

  private take(length: number): Uint8Array {
    this.need(length);
    const bytes = this.bytes.subarray(this.offset, this.offset + length);
    this.skip(length);
    return bytes;
  }

  private need(length: number): void {
    if (this.offset + length > this.bytes.length) throw new MoreBytesNeeded();
  }

  private skip(length: number): void {
    this.offset += length;
  }
}

function scopeAfter(tag: number, element: DicomJsonElement | undefined, scope: Scope): Scope {
  if (tag === SPECIFIC_CHARACTER_SET) return { ...scope, read: textReaderOf((element?.Value ?? []).map(String)) };
  if (tag === PIXEL_REPRESENTATION) return { ...scope, signedPixels: element?.Value?.[0] === 1 };
  return scope;
}

/** The value representation that implicit VR leaves to the data dictionary (PS3.6). */
function vrOf(tag: number, signedPixels: boolean): string {
  const hex = hexOf(tag);
  if (tag % 0x10000 === 0) return 'UL';
  const vr = elements[`(${hex.slice(0, 4)},${hex.slice(4)})`]?.vr ?? '';
  if (/^[A-Z]{2}$/.test(vr)) return vr;
  if (vr.includes('SS')) return signedPixels ? 'SS' : 'US';
  return vr.includes('OW') ? 'OW' : 'UN';
}

function valueOf(items: readonly DicomJson[]): { Value?: readonly DicomJson[] } {
  return items.length === 0 ? {} : { Value: items };
}

function hexOf(tag: number): string {
  return tag.toString(16).toUpperCase().padStart(8, '0');
}

function malformed(rule: string): ImagingError {
  return new ImagingError({ code: 'MALFORMED_DATA_SET' }, rule);
}
