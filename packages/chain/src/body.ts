/** The body of a block. Spec: docs/spec/blocks.md, section 2. */
import { bytes, encodeWith, type Infer, list, struct } from '@radledger/primitives';
import { decodeFormat } from './decoding.js';
import type { Header } from './header.js';

/** No block has more transactions: a transaction takes more than 16 bytes of the largest body that parameters allow. */
const TRANSACTIONS_MAX = 4 * 1024 * 1024;
const BODY_BYTES_LIMIT = 64 * 1024 * 1024;

const bodySchema = struct({
  /** Full signed bytes, in block order. */
  transactions: list(bytes({ max: 1024 * 1024 }), { max: TRANSACTIONS_MAX }),
  /** The module's own bytes; checked against a root in the seal by the module. */
  justification: bytes({ max: BODY_BYTES_LIMIT }),
});

export type Body = Infer<typeof bodySchema>;

/** A header with its body; `id` is `blockIdOf(header)`. */
export interface Block {
  readonly header: Header;
  readonly body: Body;
  readonly id: Uint8Array;
}

/** Canonical bytes of a body; their number is the header's `bodyBytes`. */
export function encodeBody(body: Body): Uint8Array {
  return encodeWith(bodySchema, body);
}

/**
 * @param options.bytesMax - the parameter `blockBytesMax`, or `bodyBytes` of a trusted header
 * @throws {ChainError} `TOO_LARGE` | `MALFORMED`
 */
export function decodeBody(encoded: Uint8Array, options: { readonly bytesMax: number }): Body {
  return decodeFormat('body', bodySchema, encoded, { bytesMax: options.bytesMax, depthMax: 2 });
}

/** Length of `encodeBody` without writing it. */
export function bodyBytesOf(transactions: readonly { readonly length: number }[], justificationBytes: number): number {
  const items = transactions.reduce((sum, { length }) => sum + binaryBytes(length), 0);
  return 1 + arrayHeadBytes(transactions.length) + items + binaryBytes(justificationBytes);
}

/** Bytes one transaction of `length` takes in a body. */
export function binaryBytes(length: number): number {
  return length + (length < 0x100 ? 2 : length < 0x10000 ? 3 : 5);
}

function arrayHeadBytes(count: number): number {
  return count < 16 ? 1 : count < 0x10000 ? 3 : 5;
}
