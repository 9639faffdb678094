/** Bytes by which a state travels between nodes. Spec: docs/spec/node-sync.md, section 4. */
import {
  CELL_NAME_BYTES_MAX,
  EPOCH_CELL_BYTES_MAX,
  PART_NIBBLES_MAX,
  type PartChild,
  type TreePart,
} from '@radledger/chain';
import {
  bytes,
  decodeWith,
  encodeWith,
  type Infer,
  list,
  literal,
  optional,
  PrimitivesError,
  struct,
  text,
  uint,
} from '@radledger/primitives';
import { reading } from './peer-data.js';

/** Cells of one part; a place with more is split. */
export const PART_CELLS_MAX = 4_096;
/** Names and values of one part, in bytes; a place with more is split. */
export const PART_BYTES_MAX = 1024 * 1024;
export const SNAPSHOT_REQUEST_BYTES_MAX = 128;
export const BOUNDARIES_REQUEST_BYTES_MAX = 32;
/** Boundary blocks whose states a node offers at once. */
export const SNAPSHOTS_KEPT = 3;

/** Which states are there, or the part of one at a prefix. */
const requestSchema = struct({
  format: literal(1),
  part: optional(struct({ height: uint(), prefix: text({ max: PART_NIBBLES_MAX }) })),
});
export type SnapshotRequest = Omit<Infer<typeof requestSchema>, 'format'>;

const offersSchema = struct({ format: literal(1), heights: list(uint(), { max: SNAPSHOTS_KEPT }) });

const cellSchema = struct({
  name: bytes({ max: CELL_NAME_BYTES_MAX }),
  value: bytes({ max: EPOCH_CELL_BYTES_MAX }),
});
const childSchema = struct({ hash: optional(bytes({ length: 32 })), cell: optional(cellSchema) });
/** Cells, or 16 children: one of the two is empty. */
const partSchema = struct({
  format: literal(1),
  cells: list(cellSchema, { max: PART_CELLS_MAX }),
  children: list(childSchema, { max: 16 }),
});

const boundariesRequestSchema = struct({ format: literal(1), fromEpoch: uint(), limit: uint(256) });

export function encodeSnapshotRequest(request: SnapshotRequest): Uint8Array {
  return encodeWith(requestSchema, { format: 1, ...request });
}

/** @throws {LedgerError} `PEER_DATA_INVALID` */
export function decodeSnapshotRequest(encoded: Uint8Array): SnapshotRequest {
  return reading('SNAPSHOT_REQUEST', () => {
    const request = decodeWith(requestSchema, encoded, { bytesMax: SNAPSHOT_REQUEST_BYTES_MAX });
    if (request.part && !/^[0-9a-f]*$/.test(request.part.prefix)) {
      throw new PrimitivesError({ code: 'SCHEMA_MISMATCH', path: 'prefix' }, 'expected lower-case hex digits');
    }
    return { part: request.part };
  });
}

export function encodeOffers(heights: readonly number[]): Uint8Array {
  return encodeWith(offersSchema, { format: 1, heights });
}

/** @throws {LedgerError} `PEER_DATA_INVALID` */
export function decodeOffers(encoded: Uint8Array): readonly number[] {
  return reading('SNAPSHOT_OFFERS', () => decodeWith(offersSchema, encoded, { bytesMax: 64 }).heights);
}

export function encodePart(part: TreePart): Uint8Array {
  const cells = part.kind === 'cells' ? part.cells : [];
  const children = part.kind === 'cells' ? [] : part.children.map(childOf);
  return encodeWith(partSchema, { format: 1, cells, children });
}

function childOf(child: PartChild): Infer<typeof childSchema> {
  if (child === undefined) return { hash: undefined, cell: undefined };
  return 'hash' in child ? { hash: child.hash, cell: undefined } : { hash: undefined, cell: child.cell };
}

/** @throws {LedgerError} `PEER_DATA_INVALID` */
export function decodePart(encoded: Uint8Array, bytesMax: number): TreePart {
  return reading('SNAPSHOT_PART', () => {
    const { cells, children } = decodeWith(partSchema, encoded, { bytesMax });
    if (children.length === 0) return { kind: 'cells', cells };
    return { kind: 'split', children: children.map(({ hash, cell }) => (hash ? { hash } : cell && { cell })) };
  });
}

export function encodeBoundariesRequest(range: { readonly fromEpoch: number; readonly limit: number }): Uint8Array {
  return encodeWith(boundariesRequestSchema, { format: 1, ...range });
}

/** @throws {LedgerError} `PEER_DATA_INVALID` */
export function decodeBoundariesRequest(encoded: Uint8Array): { readonly fromEpoch: number; readonly limit: number } {
  return reading('BOUNDARIES_REQUEST', () => {
    const { fromEpoch, limit } = decodeWith(boundariesRequestSchema, encoded, {
      bytesMax: BOUNDARIES_REQUEST_BYTES_MAX,
    });
    return { fromEpoch, limit };
  });
}
