/** The head of a Part 10 file: DIMSE carries data sets alone, so it is written anew, the same for the same instance (PS3.10, 7.1). */
import { IMPLEMENTATION_CLASS_UID } from './pdu.js';

export interface InstanceMeta {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
}

/** Preamble, prefix and group 0002. */
export function part10Head({ sopClassUid, sopInstanceUid, transferSyntaxUid }: InstanceMeta): Buffer {
  const version = Buffer.from([0x02, 0, 0x01, 0, 0x4f, 0x42, 0, 0, 2, 0, 0, 0, 0, 1]);
  const meta = Buffer.concat([
    version,
    uidElement(0x0002, sopClassUid),
    uidElement(0x0003, sopInstanceUid),
    uidElement(0x0010, transferSyntaxUid),
    uidElement(0x0012, IMPLEMENTATION_CLASS_UID),
  ]);
  const length = Buffer.alloc(12);
  length.writeUInt16LE(0x0002, 0);
  length.write('UL', 4, 'latin1');
  length.writeUInt16LE(4, 6);
  length.writeUInt32LE(meta.length, 8);
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM', 'latin1'), length, meta]);
}

/** The bytes of a file from `offset` on. */
export async function* bytesFrom(
  file: AsyncIterable<Uint8Array>,
  offset: number,
): AsyncGenerator<Uint8Array, void, void> {
  let left = offset;
  for await (const chunk of file) {
    const skipped = Math.min(left, chunk.length);
    left -= skipped;
    if (skipped < chunk.length) yield chunk.subarray(skipped);
  }
}

function uidElement(element: number, uid: string): Buffer {
  const value = Buffer.from(uid.length % 2 === 0 ? uid : `${uid}\0`, 'latin1');
  const head = Buffer.alloc(8);
  head.writeUInt16LE(0x0002, 0);
  head.writeUInt16LE(element, 2);
  head.write('UI', 4, 'latin1');
  head.writeUInt16LE(value.length, 6);
  return Buffer.concat([head, value]);
}
