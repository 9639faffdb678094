/** Bytes that nodes exchange to catch up. Spec: docs/spec/node-sync.md. */
import { bytes, decodeWith, encodeWith, list, literal, struct, uint } from '@radledger/primitives';
import { reading } from './peer-data.js';

/** What a node has finalized: sent to each new peer, and to all after each finalized block. */
export interface Announcement {
  readonly height: number;
  readonly id: Uint8Array;
}

export interface BlocksRequest {
  /** First height wanted; at least 1: genesis is known. */
  readonly from: number;
  /** Most blocks wanted, 1 to `SYNC_BLOCKS_MAX`. */
  readonly limit: number;
}

/** One finalized block as it travels. */
export interface SyncedBlock {
  readonly header: Uint8Array;
  readonly body: Uint8Array;
  readonly proof: Uint8Array;
}

export const SYNC_BLOCKS_MAX = 256;
export const ANNOUNCEMENT_BYTES_MAX = 64;
export const BLOCKS_REQUEST_BYTES_MAX = 32;

const announcementSchema = struct({ format: literal(1), height: uint(), id: bytes({ length: 32 }) });
const requestSchema = struct({ format: literal(1), from: uint(), limit: uint(SYNC_BLOCKS_MAX) });

export function encodeAnnouncement({ height, id }: Announcement): Uint8Array {
  return encodeWith(announcementSchema, { format: 1, height, id });
}

/** @throws {LedgerError} `PEER_DATA_INVALID` */
export function decodeAnnouncement(encoded: Uint8Array): Announcement {
  return reading('ANNOUNCEMENT', () => {
    const { height, id } = decodeWith(announcementSchema, encoded, { bytesMax: ANNOUNCEMENT_BYTES_MAX });
    return { height, id };
  });
}

export function encodeBlocksRequest({ from, limit }: BlocksRequest): Uint8Array {
  return encodeWith(requestSchema, { format: 1, from, limit });
}

/** @throws {LedgerError} `PEER_DATA_INVALID` */
export function decodeBlocksRequest(encoded: Uint8Array): BlocksRequest {
  return reading('BLOCKS_REQUEST', () => {
    const { from, limit } = decodeWith(requestSchema, encoded, { bytesMax: BLOCKS_REQUEST_BYTES_MAX });
    return { from, limit };
  });
}

function blocksSchema(bytesMax: number) {
  const part = bytes({ max: bytesMax });
  return struct({
    format: literal(1),
    blocks: list(struct({ header: part, body: part, proof: part }), { max: SYNC_BLOCKS_MAX }),
  });
}

export function encodeBlocks(blocks: readonly SyncedBlock[], bytesMax: number): Uint8Array {
  return encodeWith(blocksSchema(bytesMax), { format: 1, blocks });
}

/** @throws {LedgerError} `PEER_DATA_INVALID` */
export function decodeBlocks(encoded: Uint8Array, bytesMax: number): readonly SyncedBlock[] {
  return reading('BLOCKS', () => decodeWith(blocksSchema(bytesMax), encoded, { bytesMax }).blocks);
}
