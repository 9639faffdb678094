/** Finds what arrived whole of a ZIP that broke off: its entries from the front, without its directory. Spec: docs/spec/file-set.md, section 7. */
import type { FileHandle } from 'node:fs/promises';

const LOCAL_HEADER = 0x04034b50;
const LOCAL_HEADER_BYTES = 30;
const ZIP64_EXTRA = 0x0001;
const UINT32_MAX = 0xffffffff;
/** Names in UTF-8, the one flag that says nothing about the bytes. */
const FLAG_UTF8 = 0x0800;

/** Where an entry's bytes lie. */
export interface WholeEntry {
  readonly offset: number;
  readonly sizeBytes: number;
  readonly crc32: number;
}

/**
 * Follows local headers as long as they are stored entries with their size in front, as ours are, and their bytes are there.
 * Nothing is believed for it: who reads an entry compares CRC-32, and what it is with what it should be.
 * @param entriesMax - further ones are not looked for
 */
export async function* wholeEntries(
  handle: FileHandle,
  fileBytes: number,
  entriesMax: number,
): AsyncGenerator<WholeEntry, void, void> {
  let at = 0;
  for (let entries = 0; entries < entriesMax; entries++) {
    const header = await bytesAt(handle, at, LOCAL_HEADER_BYTES);
    if (header === undefined || header.getUint32(0, true) !== LOCAL_HEADER) return;
    const isFollowed = (header.getUint16(6, true) & ~FLAG_UTF8) === 0 && header.getUint16(8, true) === 0;
    const nameBytes = header.getUint16(26, true);
    const extraBytes = header.getUint16(28, true);
    const offset = at + LOCAL_HEADER_BYTES + nameBytes + extraBytes;
    const shortSize = header.getUint32(22, true);
    const sizeBytes =
      shortSize === UINT32_MAX ? await longSize(handle, offset - extraBytes, extraBytes) : BigInt(shortSize);
    if (!isFollowed || sizeBytes === undefined || BigInt(offset) + sizeBytes > BigInt(fileBytes)) return;
    yield { offset, sizeBytes: Number(sizeBytes), crc32: header.getUint32(14, true) };
    at = offset + Number(sizeBytes);
  }
}

/** The uncompressed size in a zip64 extra field that comes first, as ours does. */
async function longSize(handle: FileHandle, at: number, extraBytes: number): Promise<bigint | undefined> {
  const extra = extraBytes < 12 ? undefined : await bytesAt(handle, at, 12);
  return extra?.getUint16(0, true) === ZIP64_EXTRA ? extra.getBigUint64(4, true) : undefined;
}

async function bytesAt(handle: FileHandle, at: number, length: number): Promise<DataView | undefined> {
  const { bytesRead, buffer } = await handle.read(new Uint8Array(length), 0, length, at);
  return bytesRead < length ? undefined : new DataView(buffer.buffer);
}
