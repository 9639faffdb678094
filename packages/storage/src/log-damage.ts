/**
 * Looks for damage in LevelDB's write-ahead logs before LevelDB does: it would drop what is damaged without a word, go on,
 * and delete the log. Format: https://github.com/google/leveldb/blob/main/doc/log_format.md
 */
const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;
/** Added to a rotated CRC before it is stored (leveldb/util/crc32c.h). */
const MASK_DELTA = 0xa282ead8;

/**
 * An unfinished last record is what a crash leaves of a batch that was never acknowledged: no damage.
 * @returns offset of the first damaged record, or undefined
 */
export function findLogDamage(log: Uint8Array): number | undefined {
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength);
  let offset = 0;
  while (offset < log.length) {
    const blockEnd = (Math.floor(offset / BLOCK_BYTES) + 1) * BLOCK_BYTES;
    if (blockEnd - offset < HEADER_BYTES) {
      offset = blockEnd;
      continue;
    }
    if (log.length - offset < HEADER_BYTES) return undefined;
    const length = view.getUint16(offset + 4, true);
    const type = log[offset + 6] ?? 0;
    // Space that was reserved and never written.
    if (type === 0 && length === 0 && isZero(log, offset, Math.min(blockEnd, log.length))) {
      offset = blockEnd;
      continue;
    }
    const end = offset + HEADER_BYTES + length;
    if (end > blockEnd) return offset;
    if (end > log.length) return undefined;
    const isSound = type >= 1 && type <= 4 && view.getUint32(offset, true) === maskedCrc(log.subarray(offset + 6, end));
    if (!isSound) return isZero(log, offset, log.length) ? undefined : offset;
    offset = end;
  }
  return undefined;
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false;
  return true;
}

function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}

/** CRC-32C (Castagnoli, RFC 3720, appendix B.4), reflected. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = (table[(crc ^ (bytes[i] as number)) & 0xff] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}

const table = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});
