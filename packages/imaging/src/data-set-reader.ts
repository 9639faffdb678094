/**
 * Reads a data set as a stream, in constant memory: who it is, and whether it is whole. One reader answers both, so that
 * no second parser can be made to see another study in the same bytes. Spec: docs/spec/file-set.md, section 1.3.
 */
import { concatBytes } from '@radledger/primitives';
import { ImagingError } from './errors.js';
import { LONG_FORM_VRS, type DataSetLayout } from './transfer-syntax.js';
import { uidFromValue } from './uid.js';

export interface DataSetHeader {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  readonly instanceNumber: number | undefined;
}

/** Where an element of the root stands, in bytes of the (inflated) data set. */
export interface RootElement {
  readonly tag: number;
  readonly start: number;
  readonly valueStart: number;
  /** After its value; after the delimiter where the length is undefined. */
  readonly end: number;
  readonly hasUndefinedLength: boolean;
}

const SOP_CLASS_UID = 0x00080016;
const SOP_INSTANCE_UID = 0x00080018;
const STUDY_INSTANCE_UID = 0x0020000d;
const SERIES_INSTANCE_UID = 0x0020000e;
const INSTANCE_NUMBER = 0x00200013;
const IDENTIFYING = new Set([
  SOP_CLASS_UID,
  SOP_INSTANCE_UID,
  STUDY_INSTANCE_UID,
  SERIES_INSTANCE_UID,
  INSTANCE_NUMBER,
]);
const PIXEL_DATA = new Set([0x7fe00008, 0x7fe00009, 0x7fe00010]);
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;

const UNDEFINED_LENGTH = 0xffffffff;
/** Longest value kept of an identifying attribute: a UID has 64 characters, Instance Number 12. */
const VALUE_BYTES_MAX = 128;
/** Longest value kept of any other wanted attribute; a longer one counts as absent. */
const WANTED_BYTES_MAX = 1024;
/** Two frames a sequence: its items, and the elements of one. */
const FRAMES_MAX = 65;

/** `elements`: a data set, or an item of undefined length. `items`: what stands inside an undefined length. */
interface Frame {
  readonly kind: 'elements' | 'items';
  readonly explicitVr: boolean;
  readonly littleEndian: boolean;
  /** Items are fragments of encapsulated pixel data, not data sets. */
  readonly fragments: boolean;
}

/** Push parser: `update` with each chunk of the (inflated) data set, then `end`. */
export class DataSetReader {
  private readonly frames: Frame[];
  private readonly head = new Uint8Array(12);
  private readonly view = new DataView(this.head.buffer);
  private headLength = 0;
  private readonly values = new Map<number, Uint8Array>();
  private capture: { readonly value: Uint8Array; filled: number } | undefined;
  /** The wanted sequence of undefined length that is being read, items and delimiters included. */
  private wantedSequence: { readonly tag: number; readonly chunks: Uint8Array[]; bytes: number } | undefined;
  private valueBytesLeft = 0;
  /** Bytes taken so far. */
  private position = 0;
  private root: Omit<RootElement, 'end'> = { tag: 0, start: 0, valueStart: 0, hasUndefinedLength: false };
  /** `padding`: only zeros may follow. `passed`: Pixel Data has ended; what follows it is not judged. */
  private state: 'elements' | 'padding' | 'passed' = 'elements';
  private isSettled = false;

  /**
   * @param wanted - further attributes of the root whose raw values are kept
   * @param onRootElement - told of each element of the root when it has ended
   */
  constructor(
    layout: DataSetLayout,
    private readonly wanted: ReadonlySet<number> = new Set(),
    private readonly onRootElement?: (element: RootElement) => void,
  ) {
    const { explicitVr, bigEndian } = layout;
    this.frames = [{ kind: 'elements', explicitVr, littleEndian: !bigEndian, fragments: false }];
  }

  /** Tags ascend: behind Instance Number no identifying attribute can follow. */
  get isHeaderSettled(): boolean {
    return this.isSettled;
  }

  /** @throws {ImagingError} `MALFORMED_DATA_SET` */
  update(chunk: Uint8Array): void {
    let offset = 0;
    while (offset < chunk.length && this.state === 'elements') {
      const start = offset;
      const sequence = this.wantedSequence;
      if (this.valueBytesLeft > 0) offset += this.takeValue(chunk, offset);
      else {
        this.head[this.headLength++] = chunk[offset++] as number;
        this.position++;
        if (this.headLength >= 8) this.takeHead();
      }
      if (sequence !== undefined && (sequence.bytes += offset - start) <= WANTED_BYTES_MAX) {
        sequence.chunks.push(chunk.slice(start, offset));
      }
    }
    if (this.state === 'padding' && !isZero(chunk.subarray(offset))) {
      throw malformed('after a zero tag only zeros may follow');
    }
  }

  /** @throws {ImagingError} `TRUNCATED_INSTANCE` when an element, item or sequence has not ended */
  end(): void {
    this.isSettled = true;
    if (this.state !== 'elements') return;
    const isBetweenElements = this.valueBytesLeft === 0 && this.frames.length === 1;
    if (isBetweenElements && isZero(this.head.subarray(0, this.headLength))) return;
    throw new ImagingError({ code: 'TRUNCATED_INSTANCE' }, 'the file ends inside an element');
  }

  /**
   * What identifies the instance; call when settled.
   * @throws {ImagingError} `MISSING_ATTRIBUTE` | `INVALID_UID`
   */
  header(): DataSetHeader {
    return {
      studyInstanceUid: this.uid(STUDY_INSTANCE_UID),
      seriesInstanceUid: this.uid(SERIES_INSTANCE_UID),
      sopInstanceUid: this.uid(SOP_INSTANCE_UID),
      sopClassUid: this.uid(SOP_CLASS_UID),
      instanceNumber: integerFromValue(this.values.get(INSTANCE_NUMBER)),
    };
  }

  /** Raw values of the wanted attributes that the data set has, in its own layout. */
  wantedValues(): ReadonlyMap<number, Uint8Array> {
    return new Map(Array.from(this.values).filter(([tag]) => this.wanted.has(tag)));
  }

  private takeValue(chunk: Uint8Array, offset: number): number {
    const taken = Math.min(this.valueBytesLeft, chunk.length - offset);
    if (this.capture !== undefined) {
      this.capture.value.set(chunk.subarray(offset, offset + taken), this.capture.filled);
      this.capture.filled += taken;
    }
    this.valueBytesLeft -= taken;
    this.position += taken;
    if (this.valueBytesLeft === 0) this.valueEnded();
    return taken;
  }

  private takeHead(): void {
    const frame = this.frames.at(-1) as Frame;
    const { littleEndian } = frame;
    const group = this.view.getUint16(0, littleEndian);
    const tag = group * 0x10000 + this.view.getUint16(2, littleEndian);
    if (frame.kind === 'items') this.takeItem(frame, tag);
    else if (group === 0xfffe) this.takeItemEnd(tag);
    else if (tag === 0 && this.frames.length === 1) this.startPadding();
    else if (!frame.explicitVr) this.startElement(frame, tag, this.view.getUint32(4, littleEndian), undefined);
    else {
      const vr = String.fromCharCode(this.view.getUint8(4), this.view.getUint8(5));
      if (!/^[A-Z]{2}$/.test(vr)) throw malformed('every element names its value representation');
      if (!LONG_FORM_VRS.has(vr)) this.startElement(frame, tag, this.view.getUint16(6, littleEndian), vr);
      else if (this.headLength === 12) this.startElement(frame, tag, this.view.getUint32(8, littleEndian), vr);
    }
  }

  private startElement(frame: Frame, tag: number, length: number, vr: string | undefined): void {
    const start = this.position - this.headLength;
    this.headLength = 0;
    if (this.frames.length === 1) {
      this.root = { tag, start, valueStart: this.position, hasUndefinedLength: length === UNDEFINED_LENGTH };
      this.startRootElement(tag, length);
    }
    if (length !== UNDEFINED_LENGTH) {
      this.valueBytesLeft = length;
      if (length === 0) this.valueEnded();
      return;
    }
    const fragments = vr === undefined ? PIXEL_DATA.has(tag) : vr !== 'SQ' && vr !== 'UN';
    // The value of UN with undefined length is implicit VR little endian, whatever surrounds it (PS3.5, 6.2.2).
    const explicitVr = frame.explicitVr && vr !== 'UN';
    if (this.frames.length === 1 && this.wanted.has(tag) && vr !== 'UN') {
      this.wantedSequence = { tag, chunks: [], bytes: 0 };
    }
    this.pushFrame({ kind: 'items', explicitVr, littleEndian: frame.littleEndian || vr === 'UN', fragments });
  }

  private startRootElement(tag: number, length: number): void {
    if (IDENTIFYING.has(tag)) {
      // Another parser may believe the other copy, or look where ours no longer does.
      if (this.values.has(tag) || this.isSettled)
        throw malformed('identifying attributes stand once, in ascending order');
      if (length > VALUE_BYTES_MAX) throw malformed(`identifying attributes have at most ${VALUE_BYTES_MAX} bytes`);
      this.startCapture(tag, length);
      return;
    }
    if (tag > INSTANCE_NUMBER) this.isSettled = true;
    if (this.wanted.has(tag) && !this.values.has(tag) && length <= WANTED_BYTES_MAX) this.startCapture(tag, length);
  }

  private startCapture(tag: number, length: number): void {
    const value = new Uint8Array(length);
    this.values.set(tag, value);
    this.capture = { value, filled: 0 };
  }

  private takeItem(frame: Frame, tag: number): void {
    const length = this.view.getUint32(4, frame.littleEndian);
    this.headLength = 0;
    if (tag === SEQUENCE_END) {
      this.frames.pop();
      this.valueEnded();
    } else if (tag !== ITEM) throw malformed('a sequence holds items');
    else if (length !== UNDEFINED_LENGTH) this.valueBytesLeft = length;
    else if (frame.fragments) throw malformed('fragments of pixel data have lengths');
    else this.pushFrame({ ...frame, kind: 'elements' });
  }

  private takeItemEnd(tag: number): void {
    if (tag !== ITEM_END || this.frames.length === 1) throw malformed('an item delimiter ends an item');
    this.headLength = 0;
    this.frames.pop();
  }

  private startPadding(): void {
    if (!isZero(this.head.subarray(0, this.headLength))) throw malformed('a zero tag starts padding');
    this.headLength = 0;
    this.isSettled = true;
    this.state = 'padding';
  }

  private pushFrame(frame: Frame): void {
    if (this.frames.length === FRAMES_MAX) throw malformed(`sequences nest at most ${(FRAMES_MAX - 1) / 2} deep`);
    this.frames.push(frame);
  }

  private valueEnded(): void {
    if (this.frames.length > 1) return;
    this.capture = undefined;
    this.endWantedSequence();
    this.onRootElement?.({ ...this.root, end: this.position });
    if (this.root.tag === INSTANCE_NUMBER) this.isSettled = true;
    if (PIXEL_DATA.has(this.root.tag)) this.state = 'passed';
  }

  private endWantedSequence(): void {
    const sequence = this.wantedSequence;
    if (sequence === undefined) return;
    this.wantedSequence = undefined;
    if (sequence.bytes <= WANTED_BYTES_MAX && !this.values.has(sequence.tag)) {
      this.values.set(sequence.tag, concatBytes(...sequence.chunks));
    }
  }

  private uid(tag: number): string {
    const hex = tag.toString(16).padStart(8, '0');
    return uidFromValue(this.values.get(tag) ?? new Uint8Array(0), `${hex.slice(0, 4)},${hex.slice(4)}`);
  }
}

function integerFromValue(value: Uint8Array | undefined): number | undefined {
  if (value === undefined) return undefined;
  const text = String.fromCharCode(...value).replace(/^[ +]+|[ \0]+$/g, '');
  const number = /^[0-9]{1,10}$/.test(text) ? Number(text) : undefined;
  return number !== undefined && number < 2 ** 31 ? number : undefined;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

function malformed(rule: string): ImagingError {
  return new ImagingError({ code: 'MALFORMED_DATA_SET' }, rule);
}
