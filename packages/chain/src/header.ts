/** The core header and the id of a block. Spec: docs/spec/blocks.md, section 1. */
import {
  bytes,
  concatBytes,
  encodeCanonical,
  encodeWith,
  type Infer,
  literal,
  sha256,
  struct,
  uint,
} from '@radledger/primitives';
import { decodeFormat } from './decoding.js';

/** Number of this header format. */
export const HEADER_FORMAT = 1;
/** Longest seal a module may put into a header, in bytes. */
export const SEAL_BYTES_MAX = 4_096;
/** Longest encoded header, in bytes. */
export const HEADER_BYTES_MAX = SEAL_BYTES_MAX + 512;

const id = bytes({ length: 32 });

export const headerSchema = struct({
  format: literal(HEADER_FORMAT),
  chainId: id,
  /** Number of ancestors; 0 is genesis. */
  height: uint(),
  parentId: id,
  timestampMs: uint(),
  /** Source id of the maker; 32 zero bytes in genesis. */
  proposer: id,
  transactionRoot: id,
  /** Root of the state tree after this block. */
  stateRoot: id,
  /** Root over the duty leaves of the last closed epoch. */
  dutyRoot: id,
  /** Length of the encoded body. */
  bodyBytes: uint(),
  sealKind: uint(255),
  /** The consensus module's own bytes: view, epoch, VRF proof, justification root. */
  sealBytes: bytes({ max: SEAL_BYTES_MAX }),
});

export type Header = Infer<typeof headerSchema>;

/** What a module reads of a header before the roots are known: its seal, and where it stands. */
export type SealedPosition = Pick<Header, 'height' | 'timestampMs' | 'proposer' | 'sealKind' | 'sealBytes'>;

/** Canonical bytes of a header. */
export function encodeHeader(header: Header): Uint8Array {
  return encodeWith(headerSchema, header);
}

/** @throws {ChainError} `TOO_LARGE` | `MALFORMED` */
export function decodeHeader(encoded: Uint8Array): Header {
  return decodeFormat('header', headerSchema, encoded, { bytesMax: HEADER_BYTES_MAX, depthMax: 1 });
}

const ID_HEAD = concatBytes(Uint8Array.of(0x92), encodeCanonical('radledger/block/1'));

/** Id of a block: H('radledger/block/1', header), 32 bytes. Pass the encoded header to save encoding it again. */
export function blockIdOf(header: Header | Uint8Array): Uint8Array {
  return sha256(concatBytes(ID_HEAD, header instanceof Uint8Array ? header : encodeHeader(header)));
}
