/** Keys of the store's entries. Spec: docs/spec/storage.md, section 2. */
import { concatBytes, utf8 } from '@radledger/primitives';

/** First byte of a key: what the entry holds. */
const kind = {
  meta: 'm',
  header: 'h',
  body: 'b',
  finalityProof: 'f',
  epochProof: 'e',
  duties: 'd',
  changes: 'k',
  transactionIds: 'x',
  heightOfBlock: 'i',
  heightOfTransaction: 't',
  lowest: 'l',
  import: 's',
  displaced: 'v',
  cell: 'c',
  node: 'n',
} as const;

type Kind = keyof typeof kind;

const prefixes = Object.fromEntries(Object.entries(kind).map(([name, letter]) => [name, utf8(letter)])) as {
  readonly [K in Kind]: Uint8Array;
};

/** The only entry that every format must keep where it is: a reader of any version looks here first. */
export const META_KEY = prefixes.meta;

/** Height from which on all blocks are there, where that is not 0. */
export const LOWEST_KEY = prefixes.lowest;

/** Progress of an import that is not finished. */
export const IMPORT_KEY = prefixes.import;

export type HeightKind = 'header' | 'body' | 'finalityProof' | 'epochProof' | 'duties' | 'changes' | 'transactionIds';

/** Key of an entry per height: big-endian, so that the order of keys is that of heights. */
export function heightKey(of: HeightKind, height: number): Uint8Array {
  return concatBytes(prefixes[of], encodeHeight(height));
}

export type IdKind = 'heightOfBlock' | 'heightOfTransaction' | 'cell' | 'node';

export function idKey(of: IdKind, id: Uint8Array): Uint8Array {
  return concatBytes(prefixes[of], id);
}

/** Range of the keys of one kind that start with `prefix`, for iterators. */
export function prefixRange(of: IdKind, prefix: Uint8Array): { gte: Uint8Array; lt: Uint8Array } {
  const gte = idKey(of, prefix);
  return { gte, lt: successor(gte) };
}

/** What of the state can be displaced. */
export type DisplacedKind = 'cell' | 'node';

/** Where the old value of an entry is kept for the state with this label, and older ones. */
export function displacedKey(label: number, of: DisplacedKind, id: Uint8Array): Uint8Array {
  return concatBytes(prefixes.displaced, encodeHeight(label), prefixes[of], id);
}

export function displacedRange(
  label: number,
  of?: DisplacedKind,
  prefix: Uint8Array = new Uint8Array(0),
): { gte: Uint8Array; lt: Uint8Array } {
  const at = concatBytes(prefixes.displaced, encodeHeight(label));
  const gte = of === undefined ? at : concatBytes(at, prefixes[of], prefix);
  return { gte, lt: successor(gte) };
}

export function displacedRangeBelow(label: number): { gte: Uint8Array; lt: Uint8Array } {
  return { gte: prefixes.displaced, lt: concatBytes(prefixes.displaced, encodeHeight(label)) };
}

export function idOfDisplaced(key: Uint8Array): Uint8Array {
  return key.subarray(10);
}

/** Range of all keys of one kind. */
export function rangeOfKind(of: HeightKind | IdKind): { gte: Uint8Array; lt: Uint8Array } {
  return { gte: prefixes[of], lt: successor(prefixes[of]) };
}

/** Range of the keys of one kind, heights `from` to `to`, both included. */
export function heightRange(of: HeightKind, from: number, to: number): { gte: Uint8Array; lte: Uint8Array } {
  return { gte: heightKey(of, from), lte: heightKey(of, to) };
}

export function heightOfKey(key: Uint8Array): number {
  return decodeHeight(key.subarray(1));
}

/** 8 bytes, big-endian. */
export function encodeHeight(height: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(height));
  return bytes;
}

export function decodeHeight(bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0));
}

/** The least byte string above all that start with `prefix`, which begins with a letter and so is never all 0xff. */
function successor(prefix: Uint8Array): Uint8Array {
  let end = prefix.length;
  while (prefix[end - 1] === 0xff) end--;
  const next = prefix.slice(0, end);
  next[end - 1] = (next[end - 1] ?? 0) + 1;
  return next;
}
