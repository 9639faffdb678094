/** The first item of a short sequence. */
import { type DataSetLayout, LONG_FORM_VRS } from './transfer-syntax.js';

const ITEM = 0xfffee000;
const ITEM_HEAD_BYTES = 8;

/**
 * Non-empty raw values of an item's first elements: up to the last of `tags`, or to what has a long value or breaks off.
 * @param sequence - raw value of the sequence, from its first item on
 * @param tags - ascending
 */
export function readFirstItem(
  sequence: Uint8Array,
  { explicitVr, bigEndian }: DataSetLayout,
  tags: readonly number[],
): ReadonlyMap<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  const view = new DataView(sequence.buffer, sequence.byteOffset, sequence.byteLength);
  const tagAt = (at: number): number => view.getUint16(at, !bigEndian) * 0x10000 + view.getUint16(at + 2, !bigEndian);
  if (sequence.length < ITEM_HEAD_BYTES || tagAt(0) !== ITEM) return found;
  const last = tags.at(-1) ?? 0;
  for (let at = ITEM_HEAD_BYTES; at + 8 <= sequence.length && tagAt(at) <= last; ) {
    const tag = tagAt(at);
    const vr = explicitVr ? String.fromCharCode(view.getUint8(at + 4), view.getUint8(at + 5)) : undefined;
    if (vr !== undefined && LONG_FORM_VRS.has(vr)) break;
    const length = vr === undefined ? view.getUint32(at + 4, !bigEndian) : view.getUint16(at + 6, !bigEndian);
    const end = at + 8 + length;
    if (end > sequence.length) break;
    if (tags.includes(tag) && length > 0) found.set(tag, sequence.slice(at + 8, end));
    at = end;
  }
  return found;
}
