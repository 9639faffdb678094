/** The identifying attributes of a data set, read by dicom-parser from a bounded head. */
import dicomParser, { type ByteArrayParser, type ByteStream, type DataSet, type Element } from 'dicom-parser';
import { ImagingError } from './errors.js';
import type { DataSetLayout } from './transfer-syntax.js';
import { uidFromValue } from './uid.js';

/** Part of dicom-parser's exports that its type file leaves out: fills `dataSet.elements` until `untilTag` or a throw. */
type Read = (dataSet: DataSet, stream: ByteStream, maxPosition: number, options: { untilTag: string }) => void;
interface DicomParserInternals {
  readonly DataSet: new (parser: ByteArrayParser, bytes: Uint8Array, elements: DataSet['elements']) => DataSet;
  readonly littleEndianByteArrayParser: ByteArrayParser;
  readonly bigEndianByteArrayParser: ByteArrayParser;
  readonly parseDicomDataSetExplicit: Read;
  readonly parseDicomDataSetImplicit: Read;
}
const internals = dicomParser as unknown as DicomParserInternals;

export interface DataSetHeader {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  readonly instanceNumber: number | undefined;
}

/** Tags ascend in a data set: once Instance Number or anything behind it is seen, the five attributes are settled. */
const LAST_TAG = 'x00200013';

/**
 * Reads the identifying attributes.
 * @param head - the first (inflated) bytes of the data set
 * @param isLast - true when no more bytes will be offered: the data set ends here, or the head is as large as allowed
 * @returns undefined when the attributes may still follow
 * @throws {ImagingError} `MISSING_ATTRIBUTE` | `INVALID_UID` | `MALFORMED_DATA_SET`
 */
export function readDataSetHeader(head: Uint8Array, layout: DataSetLayout, isLast: boolean): DataSetHeader | undefined {
  const { elements, failure } = readElements(head, layout);
  const isSettled = Object.keys(elements).some((tag) => tag >= LAST_TAG);
  if (!isSettled && !isLast) return undefined;
  const missing = ['x00080016', 'x00080018', 'x0020000d', 'x0020000e'].some((tag) => elements[tag] === undefined);
  if (missing && !isSettled && failure !== undefined) {
    throw new ImagingError({ code: 'MALFORMED_DATA_SET' }, 'the head of the data set cannot be read', {
      cause: failure,
    });
  }
  return {
    studyInstanceUid: uidOf(head, elements, 'x0020000d'),
    seriesInstanceUid: uidOf(head, elements, 'x0020000e'),
    sopInstanceUid: uidOf(head, elements, 'x00080018'),
    sopClassUid: uidOf(head, elements, 'x00080016'),
    instanceNumber: integerOf(head, elements[LAST_TAG]),
  };
}

function readElements(head: Uint8Array, layout: DataSetLayout): { elements: DataSet['elements']; failure: unknown } {
  const byteParser = layout.bigEndian ? internals.bigEndianByteArrayParser : internals.littleEndianByteArrayParser;
  const stream = new dicomParser.ByteStream(byteParser, head, 0);
  const dataSet = new internals.DataSet(byteParser, head, {});
  dataSet.warnings = stream.warnings;
  const read = layout.explicitVr ? internals.parseDicomDataSetExplicit : internals.parseDicomDataSetImplicit;
  try {
    read(dataSet, stream, head.length, { untilTag: LAST_TAG });
    return { elements: dataSet.elements, failure: undefined };
  } catch (failure) {
    // A head that ends inside an element, hostile nesting (RangeError) or garbage: what was read before it stands.
    return { elements: dataSet.elements, failure };
  }
}

function uidOf(head: Uint8Array, elements: DataSet['elements'], key: string): string {
  const tag = `${key.slice(1, 5)},${key.slice(5)}`;
  const value = valueOf(head, elements[key]);
  if (value === undefined) throw new ImagingError({ code: 'MISSING_ATTRIBUTE', tag }, `expected a value in (${tag})`);
  return uidFromValue(value, tag);
}

function integerOf(head: Uint8Array, element: Element | undefined): number | undefined {
  const value = valueOf(head, element);
  if (value === undefined || value.length > 16) return undefined;
  const text = String.fromCharCode(...value).replace(/^[ +]*|[ \0]*$/g, '');
  const number = /^[0-9]{1,10}$/.test(text) ? Number(text) : undefined;
  return number !== undefined && number < 2 ** 31 ? number : undefined;
}

function valueOf(head: Uint8Array, element: Element | undefined): Uint8Array | undefined {
  if (element === undefined || element.dataOffset + element.length > head.length) return undefined;
  return head.subarray(element.dataOffset, element.dataOffset + element.length);
}
