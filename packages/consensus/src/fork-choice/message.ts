/** What goes over the wire. Spec: docs/spec/fork-choice.md, section 4. */
import {
  type Block,
  blockIdOf,
  bodyBytesOf,
  decodeBody,
  decodeHeader,
  encodeBody,
  encodeHeader,
  HEADER_BYTES_MAX,
  merkleRoot,
} from '@radledger/chain';
import {
  bytes,
  type CanonicalValue,
  CodedError,
  decodeCanonical,
  encodeCanonical,
  equalBytes,
  type Schema,
  struct,
  tuple,
  uint,
} from '@radledger/primitives';
import { ConsensusError } from '../errors.js';

export const WITNESS_BYTES_MAX = 128;
/** What a message is longer than the body in it, at most. */
const ENVELOPE_BYTES_MAX = HEADER_BYTES_MAX + WITNESS_BYTES_MAX + 64;
const BODY_BYTES_MAX = 64 * 1024 * 1024;

export type Message =
  | { readonly type: 'block'; readonly block: Block; readonly witness: Uint8Array }
  /** Asks for a block and those of its ancestors that lie above a height. */
  | { readonly type: 'fetch'; readonly id: Uint8Array; readonly aboveHeight: number }
  | {
      readonly type: 'tip';
      readonly id: Uint8Array;
      readonly height: number;
      readonly finalizedId: Uint8Array;
      readonly finalizedHeight: number;
    };

const id = bytes({ length: 32 });
const block = tuple(
  bytes({ max: HEADER_BYTES_MAX }),
  bytes({ max: BODY_BYTES_MAX }),
  bytes({ max: WITNESS_BYTES_MAX }),
);
const fetch = struct({ id, aboveHeight: uint() });
const tip = struct({ id, height: uint(), finalizedId: id, finalizedHeight: uint() });
const anything: Schema<CanonicalValue> = { encode: (value) => value, decode: (value) => value };
const pair = tuple(uint(2), anything);

/** Canonical bytes: [kind, content]. */
export function encodeMessage(message: Message): Uint8Array {
  switch (message.type) {
    case 'block': {
      const { header, body } = message.block;
      return encodeCanonical([0, block.encode([encodeHeader(header), encodeBody(body), message.witness])]);
    }
    case 'fetch':
      return encodeCanonical([1, fetch.encode(message)]);
    case 'tip':
      return encodeCanonical([2, tip.encode(message)]);
  }
}

/** A message is decoded for its claims and again for the step: the second time costs nothing. */
const decoded = new WeakMap<Uint8Array, Message>();

/**
 * @param blockBytesMax - the parameter of this name
 * @throws {ConsensusError} `MALFORMED_MESSAGE` | `WRONG_BODY`
 */
export function decodeMessage(encoded: Uint8Array, blockBytesMax: number): Message {
  const known = decoded.get(encoded);
  if (known !== undefined) return known;
  let message: Message;
  try {
    const [kind, content] = pair.decode(
      decodeCanonical(encoded, { bytesMax: blockBytesMax + ENVELOPE_BYTES_MAX, depthMax: 4 }),
    );
    message = contentOf(kind, content, blockBytesMax);
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause;
    throw new ConsensusError({ code: 'MALFORMED_MESSAGE' }, 'expected a message of this module', { cause });
  }
  if (message.type === 'block') checkReceivedBody(message.block);
  decoded.set(encoded, message);
  return message;
}

function contentOf(kind: number, content: CanonicalValue, blockBytesMax: number): Message {
  if (kind === 1) return { type: 'fetch', ...fetch.decode(content) };
  if (kind === 2) return { type: 'tip', ...tip.decode(content) };
  const [header, body, witness] = block.decode(content);
  return {
    type: 'block',
    block: { header: decodeHeader(header), body: decodeBody(body, { bytesMax: blockBytesMax }), id: blockIdOf(header) },
    witness,
  };
}

/** @throws {ConsensusError} `WRONG_BODY`: these modules put nothing into a body, so a justification is never the header's */
export function checkBody({ body }: Block): void {
  if (body.justification.length > 0) {
    throw new ConsensusError({ code: 'WRONG_BODY' }, 'expected a body without justification');
  }
}

/** The whole body, before anything is kept of it: a wrong one is the fault of whoever sent it. */
function checkReceivedBody(received: Block): void {
  const { header, body } = received;
  checkBody(received);
  const holds =
    header.bodyBytes === bodyBytesOf(body.transactions, 0) &&
    equalBytes(header.transactionRoot, merkleRoot(body.transactions));
  if (!holds) throw new ConsensusError({ code: 'WRONG_BODY' }, 'expected the body that the header names');
}
