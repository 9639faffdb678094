/**
 * The bytes of a ZIP of stored entries (APPNOTE.TXT 6.3.10), a function of names, sizes and CRC-32 alone: one fixed time,
 * no data descriptors (Java's ZipInputStream refuses stored entries that have them), zip64 only where a field overflows.
 * Spec: docs/spec/file-set.md, section 4.
 */
import { concatBytes, utf8 } from '@radledger/primitives';

export interface StoredZipEntry {
  /** ASCII, `/` between folders. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly crc32: number;
}

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END_OF_CENTRAL_DIRECTORY = 0x06054b50;
const ZIP64_END_OF_CENTRAL_DIRECTORY = 0x06064b50;
const ZIP64_LOCATOR = 0x07064b50;
const ZIP64_EXTRA = 0x0001;
const VERSION_STORED = 20;
const VERSION_ZIP64 = 45;
/** 1980-01-01, the first day MS-DOS can say; at 00:00:00. */
const DOS_DATE = 0x0021;
const UINT32_MAX = 0xffffffff;
const UINT16_MAX = 0xffff;

/** What stands before the bytes of an entry. */
export function localHeader({ name, sizeBytes, crc32 }: StoredZipEntry): Uint8Array {
  const isZip64 = sizeBytes >= UINT32_MAX;
  const nameBytes = utf8(name);
  // In a local header zip64 always holds both sizes.
  const extra = isZip64 ? zip64Extra([sizeBytes, sizeBytes]) : new Uint8Array(0);
  const fixed = fields([
    [4, LOCAL_HEADER],
    [2, isZip64 ? VERSION_ZIP64 : VERSION_STORED],
    [2, 0], // flags: sizes are here, not in a descriptor
    [2, 0], // stored
    [2, 0], // time
    [2, DOS_DATE],
    [4, crc32],
    [4, isZip64 ? UINT32_MAX : sizeBytes],
    [4, isZip64 ? UINT32_MAX : sizeBytes],
    [2, nameBytes.length],
    [2, extra.length],
  ]);
  return concatBytes(fixed, nameBytes, extra);
}

/** The directory record of an entry whose local header stands at `offset`. */
export function centralHeader({ name, sizeBytes, crc32 }: StoredZipEntry, offset: number): Uint8Array {
  const isLarge = sizeBytes >= UINT32_MAX;
  const isFar = offset >= UINT32_MAX;
  const nameBytes = utf8(name);
  const overflow = [...(isLarge ? [sizeBytes, sizeBytes] : []), ...(isFar ? [offset] : [])];
  const extra = overflow.length === 0 ? new Uint8Array(0) : zip64Extra(overflow);
  const version = overflow.length === 0 ? VERSION_STORED : VERSION_ZIP64;
  const fixed = fields([
    [4, CENTRAL_HEADER],
    [2, version], // made by: MS-DOS attributes, so no Unix modes or links
    [2, version],
    [2, 0],
    [2, 0],
    [2, 0],
    [2, DOS_DATE],
    [4, crc32],
    [4, isLarge ? UINT32_MAX : sizeBytes],
    [4, isLarge ? UINT32_MAX : sizeBytes],
    [2, nameBytes.length],
    [2, extra.length],
    [2, 0], // comment
    [2, 0], // disk
    [2, 0], // internal attributes
    [4, 0], // external attributes
    [4, isFar ? UINT32_MAX : offset],
  ]);
  return concatBytes(fixed, nameBytes, extra);
}

/** The end of the ZIP: after `entries` directory records of `directoryBytes` in all, the first at `directoryOffset`. */
export function endOfCentralDirectory(directory: {
  readonly entries: number;
  readonly directoryBytes: number;
  readonly directoryOffset: number;
}): Uint8Array {
  const { entries, directoryBytes, directoryOffset } = directory;
  const isZip64 = entries >= UINT16_MAX || directoryBytes >= UINT32_MAX || directoryOffset >= UINT32_MAX;
  const end = fields([
    [4, END_OF_CENTRAL_DIRECTORY],
    [2, 0],
    [2, 0],
    [2, Math.min(entries, UINT16_MAX)],
    [2, Math.min(entries, UINT16_MAX)],
    [4, Math.min(directoryBytes, UINT32_MAX)],
    [4, Math.min(directoryOffset, UINT32_MAX)],
    [2, 0],
  ]);
  if (!isZip64) return end;
  const zip64End = fields([
    [4, ZIP64_END_OF_CENTRAL_DIRECTORY],
    [8, 44], // bytes of this record after this field
    [2, VERSION_ZIP64],
    [2, VERSION_ZIP64],
    [4, 0],
    [4, 0],
    [8, entries],
    [8, entries],
    [8, directoryBytes],
    [8, directoryOffset],
  ]);
  const locator = fields([
    [4, ZIP64_LOCATOR],
    [4, 0],
    [8, directoryOffset + directoryBytes],
    [4, 1],
  ]);
  return concatBytes(zip64End, locator, end);
}

/** Size of the whole ZIP in bytes. */
export function storedZipBytes(entries: readonly StoredZipEntry[]): number {
  let offset = 0;
  let directoryBytes = 0;
  for (const entry of entries) {
    directoryBytes += centralHeader(entry, offset).length;
    offset += localHeader(entry).length + entry.sizeBytes;
  }
  const end = endOfCentralDirectory({ entries: entries.length, directoryBytes, directoryOffset: offset });
  return offset + directoryBytes + end.length;
}

function zip64Extra(values: readonly number[]): Uint8Array {
  return fields([[2, ZIP64_EXTRA], [2, values.length * 8], ...values.map((value) => [8, value] as const)]);
}

/** Little-endian unsigned integers, each with its width in bytes. */
function fields(values: readonly (readonly [width: 2 | 4 | 8, value: number])[]): Uint8Array {
  const bytes = new Uint8Array(values.reduce((sum, [width]) => sum + width, 0));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const [width, value] of values) {
    if (width === 2) view.setUint16(offset, value, true);
    else if (width === 4) view.setUint32(offset, value, true);
    else view.setBigUint64(offset, BigInt(value), true);
    offset += width;
  }
  return bytes;
}
