/** Writes ZIPs that no honest writer would: names, sizes, methods, attributes and CRC-32 as the test wants them. */
import { crc32, deflateRawSync } from 'node:zlib';
import { concatBytes } from '@radledger/primitives';

export interface HostileEntry {
  readonly name: string;
  readonly content: Uint8Array;
  readonly isDeflated?: boolean;
  readonly crc32?: number;
  /** Uncompressed size that the headers claim. */
  readonly claimedBytes?: number;
  readonly method?: number;
  readonly flags?: number;
  /** Unix mode; makes the entry one of a Unix system. */
  readonly mode?: number;
  /** Take the bytes of the entry at this position instead of own ones. */
  readonly sharesBytesOf?: number;
}

export function buildZip(entries: readonly HostileEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  const offsets: number[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name, 'latin1');
    const data = entry.isDeflated ? deflateRawSync(entry.content) : entry.content;
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(entry.flags ?? 0, 2);
    shared.writeUInt16LE(entry.method ?? (entry.isDeflated ? 8 : 0), 4);
    shared.writeUInt16LE(0x21, 8);
    shared.writeUInt32LE(entry.crc32 ?? crc32(entry.content), 10);
    shared.writeUInt32LE(data.length, 14);
    shared.writeUInt32LE(entry.claimedBytes ?? entry.content.length, 18);
    shared.writeUInt16LE(name.length, 22);
    const start = entry.sharesBytesOf === undefined ? offset : (offsets[entry.sharesBytesOf] ?? 0);
    offsets.push(start);
    if (entry.sharesBytesOf === undefined) {
      const local = concatBytes(Buffer.from('504b0304', 'hex'), shared, name, data);
      parts.push(local);
      offset += local.length;
    }
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(entry.mode === undefined ? 0 : (entry.mode << 16) >>> 0, 6);
    tail.writeUInt32LE(start, 10);
    const madeBy = Buffer.from(entry.mode === undefined ? [20, 0] : [20, 3]);
    directory.push(concatBytes(Buffer.from('504b0102', 'hex'), madeBy, shared, tail, name));
  }
  const directoryBytes = directory.reduce((sum, record) => sum + record.length, 0);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(directoryBytes, 8);
  end.writeUInt32LE(offset, 12);
  return concatBytes(...parts, ...directory, Buffer.from('504b0506', 'hex'), end);
}
