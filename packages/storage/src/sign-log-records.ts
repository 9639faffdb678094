/** The bytes of a sign-log: how a record is framed, and what a reader makes of a file's end. Spec: docs/spec/storage.md, 5. */
import { concatBytes, equalBytes, sha256 } from '@radledger/primitives';

const HEAD_BYTES = 12;
const CHECKSUM_BYTES = 16;
/** Longest record, in bytes: the consensus package's, with room to spare. */
export const RECORD_BYTES_MAX = 65 * 1024 * 1024;

/** length (4) ‖ index (4) ‖ check of these two (4) ‖ record ‖ checksum of all before it (16); integers big-endian. */
export function frameRecord(record: Uint8Array, index: number): Uint8Array {
  const head = headOf(record.length, index);
  return concatBytes(head, record, sha256(concatBytes(head, record)).subarray(0, CHECKSUM_BYTES));
}

export interface ParsedRecords {
  readonly records: readonly Uint8Array[];
  /** Where the sound records end. */
  readonly end: number;
  /** Bytes after `end`: a last record whose writing never finished. */
  readonly tornBytes: number;
}

/**
 * Reads framed records. An unfinished last record (the file ends inside it, or holds only zeros from its start on) was
 * never acknowledged and is left out; anything else that does not check out is damage.
 * @returns the records, or the offset of the damage
 */
export function parseRecords(file: Uint8Array): ParsedRecords | { readonly damagedAt: number } {
  const records: Uint8Array[] = [];
  let offset = 0;
  while (offset < file.length) {
    const length = soundLength(file, offset, records.length);
    if (length === 'damaged') {
      return isZero(file.subarray(offset))
        ? { records, end: offset, tornBytes: file.length - offset }
        : { damagedAt: offset };
    }
    if (length === 'unfinished') return { records, end: offset, tornBytes: file.length - offset };
    const end = offset + HEAD_BYTES + length;
    const checksum = sha256(file.subarray(offset, end)).subarray(0, CHECKSUM_BYTES);
    if (!equalBytes(checksum, file.subarray(end, end + CHECKSUM_BYTES))) return { damagedAt: offset };
    records.push(file.slice(offset + HEAD_BYTES, end));
    offset = end + CHECKSUM_BYTES;
  }
  return { records, end: offset, tornBytes: 0 };
}

function headOf(length: number, index: number): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES);
  const view = new DataView(head.buffer);
  view.setUint32(0, length);
  view.setUint32(4, index);
  head.set(sha256(head.subarray(0, 8)).subarray(0, 4), 8);
  return head;
}

/** The head has a check of its own: a flipped bit in a length must not make acknowledged records look unfinished. */
function soundLength(file: Uint8Array, offset: number, index: number): number | 'unfinished' | 'damaged' {
  if (file.length - offset < HEAD_BYTES) return 'unfinished';
  const length = new DataView(file.buffer, file.byteOffset + offset).getUint32(0);
  if (length > RECORD_BYTES_MAX) return 'damaged';
  if (!equalBytes(headOf(length, index), file.subarray(offset, offset + HEAD_BYTES))) return 'damaged';
  return offset + HEAD_BYTES + length + CHECKSUM_BYTES > file.length ? 'unfinished' : length;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
