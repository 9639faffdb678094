/** Where in the tree the cells of a block's write set hang: the first 4 bytes of their hashed names, ascending, each once. */
import { hashedKeyOf, type WriteSet } from '@radledger/chain';
import { fromHex } from '@radledger/primitives';

const PLACE_BYTES = 4;

export function encodePlaces({ cells }: WriteSet): Uint8Array {
  const places = new Uint32Array(cells.size);
  let count = 0;
  for (const hex of cells.keys()) {
    const key = hashedKeyOf(fromHex(hex));
    places[count++] = new DataView(key.buffer, key.byteOffset, PLACE_BYTES).getUint32(0);
  }
  const sorted = [...new Set(places.sort())];
  const out = new Uint8Array(sorted.length * PLACE_BYTES);
  const view = new DataView(out.buffer);
  sorted.forEach((place, index) => view.setUint32(index * PLACE_BYTES, place));
  return out;
}

/** As 8 lower-case hex digits each. */
export function decodePlaces(encoded: Uint8Array): string[] {
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.length);
  return Array.from({ length: encoded.length / PLACE_BYTES }, (_, index) =>
    view
      .getUint32(index * PLACE_BYTES)
      .toString(16)
      .padStart(8, '0'),
  );
}
