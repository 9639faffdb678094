/**
 * Preamble, prefix and group 0002 of a Part 10 file (PS3.10, section 7.1). Written out here, not left to a library,
 * because where group 0002 ends decides the hash on the ledger. Spec: docs/spec/file-set.md, section 1.
 */
import { ImagingError } from './errors.js';
import { LONG_FORM_VRS, layoutOf } from './transfer-syntax.js';
import { uidFromValue } from './uid.js';

const META_BYTES_MAX = 64 * 1024;
const PREFIX_OFFSET = 128;
const META_OFFSET = 132;

export interface FileMeta {
  readonly transferSyntaxUid: string;
  /** Media Storage SOP Class UID (0002,0002) when it holds a UID. */
  readonly mediaStorageSopClassUid: string | undefined;
  /** The first byte after group 0002. */
  readonly dataSetOffset: number;
}

/** True when `DICM` stands after the 128 bytes of the preamble. */
export function hasPart10Prefix(head: Uint8Array): boolean {
  const [d, i, c, m] = head.subarray(PREFIX_OFFSET, META_OFFSET);
  return d === 0x44 && i === 0x49 && c === 0x43 && m === 0x4d;
}

/**
 * Reads the file meta information.
 * @param head - the first bytes of the file
 * @param isWhole - true when `head` is the whole file
 * @returns undefined when `head` is too short and the file goes on
 * @throws {ImagingError} `NOT_PART10` | `MALFORMED_META` | `MISSING_ATTRIBUTE` | `INVALID_UID` | `TRUNCATED_INSTANCE`
 */
export function readFileMeta(head: Uint8Array, isWhole: boolean): FileMeta | undefined {
  if (head.length < META_OFFSET && !isWhole) return undefined;
  if (!hasPart10Prefix(head)) {
    throw new ImagingError({ code: 'NOT_PART10' }, 'expected DICM after a preamble of 128 bytes');
  }
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  let groupEnd: number | undefined;
  let transferSyntaxUid: string | undefined;
  let mediaStorageSopClassUid: string | undefined;
  let previousElement = -1;
  let position = META_OFFSET;
  for (;;) {
    const isDeflated = transferSyntaxUid !== undefined && layoutOf(transferSyntaxUid).deflated;
    // A deflate stream may begin with the bytes of group 0002: there the group length decides.
    if (isDeflated && position === groupEnd) break;
    if (head.length < position + 2) return incomplete(isWhole);
    if (view.getUint16(position, true) !== 0x0002) {
      if (isDeflated) throw malformed('a deflated data set needs a true File Meta Information Group Length');
      break;
    }
    if (head.length < position + 8) return incomplete(isWhole);
    const element = view.getUint16(position + 2, true);
    if (element <= previousElement) throw malformed('elements of group 0002 ascend');
    previousElement = element;
    const vr = String.fromCharCode(view.getUint8(position + 4), view.getUint8(position + 5));
    if (!/^[A-Z]{2}$/.test(vr)) throw malformed('group 0002 is explicit VR little endian');
    const isLong = LONG_FORM_VRS.has(vr);
    const valueOffset = position + (isLong ? 12 : 8);
    if (head.length < valueOffset) return incomplete(isWhole);
    const length = isLong ? view.getUint32(position + 8, true) : view.getUint16(position + 6, true);
    const next = valueOffset + length;
    if (next > META_BYTES_MAX) throw malformed(`group 0002 has at most ${META_BYTES_MAX} bytes`);
    if (head.length < next) return incomplete(isWhole);
    const value = head.subarray(valueOffset, next);
    if (element === 0x0000 && length === 4) groupEnd = next + view.getUint32(valueOffset, true);
    else if (element === 0x0002 && length > 0) mediaStorageSopClassUid = uidFromValue(value, '0002,0002');
    else if (element === 0x0010) transferSyntaxUid = uidFromValue(value, '0002,0010');
    position = next;
  }
  if (transferSyntaxUid === undefined) {
    throw new ImagingError({ code: 'MISSING_ATTRIBUTE', tag: '0002,0010' }, 'expected a Transfer Syntax UID');
  }
  return { transferSyntaxUid, mediaStorageSopClassUid, dataSetOffset: position };
}

function incomplete(isWhole: boolean): undefined {
  if (isWhole) throw new ImagingError({ code: 'TRUNCATED_INSTANCE' }, 'the file ends inside or right after group 0002');
  return undefined;
}

function malformed(rule: string): ImagingError {
  return new ImagingError({ code: 'MALFORMED_META' }, rule);
}
