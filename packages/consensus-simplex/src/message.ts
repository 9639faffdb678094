/** What goes over the wire. Spec: docs/spec/simplex.md, section 6. */
import {
  type Block,
  blockIdOf,
  decodeBody,
  decodeHeader,
  encodeBody,
  encodeHeader,
  HEADER_BYTES_MAX,
} from '@radledger/chain';
import { ConsensusError } from '@radledger/consensus';
import {
  algorithmBytes,
  bytes,
  type CanonicalValue,
  CodedError,
  decodeCanonical,
  encodeCanonical,
  list,
  optional,
  type Schema,
  struct,
  toHex,
  tuple,
  uint,
} from '@radledger/primitives';
import { type Certificate, certificateSchema } from './certificate.js';
import { type Vote, voteSchema } from './vote.js';

/** Block ids in one request. */
export const FETCH_BLOCKS_MAX = 16;
/** Views in one request for certificates. */
export const FETCH_VIEWS_MAX = 64;
/** What a message is longer than the block in it, at most: a header, a justification beside it, a signature. */
const ENVELOPE_BYTES_MAX = 1024 * 1024;
const BODY_BYTES_MAX = 64 * 1024 * 1024;

/** A vote with its signature, by seat number. */
export interface SignedVote {
  readonly seat: number;
  readonly vote: Vote;
  readonly signature: Uint8Array;
}

export type Message =
  | {
      readonly type: 'proposal';
      readonly epoch: number;
      readonly view: number;
      readonly signature: Uint8Array;
      readonly block: Block;
      /** Set when a boundary block is proposed again: its certificate and the nullifications since. */
      readonly again: Uint8Array | undefined;
    }
  | { readonly type: 'vote'; readonly epoch: number; readonly signed: SignedVote }
  | { readonly type: 'certificate'; readonly certificate: Certificate }
  | { readonly type: 'fetch-blocks'; readonly ids: readonly Uint8Array[] }
  | { readonly type: 'block'; readonly block: Block }
  | { readonly type: 'status'; readonly epoch: number; readonly view: number; readonly finalizedHeight: number }
  | { readonly type: 'fetch-certificates'; readonly epoch: number; readonly fromView: number; readonly toView: number }
  | { readonly type: 'ask-newest-vote'; readonly source: Uint8Array }
  | {
      readonly type: 'newest-vote';
      readonly source: Uint8Array;
      readonly newest: { readonly epoch: number; readonly signed: SignedVote } | undefined;
    };
export type MessageOf<T extends Message['type']> = Extract<Message, { type: T }>;

const KINDS = [
  'proposal',
  'vote',
  'certificate',
  'fetch-blocks',
  'block',
  'status',
  'fetch-certificates',
  'ask-newest-vote',
  'newest-vote',
] as const satisfies readonly Message['type'][];

const id = bytes({ length: 32 });
const headerBytes = bytes({ max: HEADER_BYTES_MAX });
const bodyBytes = bytes({ max: BODY_BYTES_MAX });
const signedVote = struct({ seat: uint(127), vote: voteSchema, signature: algorithmBytes(64) });

const proposal = tuple(
  uint(),
  uint(),
  algorithmBytes(64),
  headerBytes,
  bodyBytes,
  optional(bytes({ max: ENVELOPE_BYTES_MAX })),
);
const vote = tuple(uint(), signedVote);
const block = tuple(headerBytes, bodyBytes);
const status = tuple(uint(), uint(), uint());
const fetchCertificates = tuple(uint(), uint(), uint());
const fetchBlocks = list(id, { min: 1, max: FETCH_BLOCKS_MAX });
const newestVote = tuple(id, optional(struct({ epoch: uint(), signed: signedVote })));

/** Canonical bytes: [kind, content]. */
export function encodeMessage(message: Message): Uint8Array {
  return encodeCanonical([KINDS.indexOf(message.type), contentOf(message)]);
}

/** A `block` message; encoded once, for every peer that asks. */
export function encodeBlockMessage(block: Block): Uint8Array {
  let bytes = encodedBlocks.get(block);
  if (bytes === undefined) {
    bytes = encodeMessage({ type: 'block', block });
    encodedBlocks.set(block, bytes);
  }
  return bytes;
}

const encodedBlocks = new WeakMap<Block, Uint8Array>();

function contentOf(message: Message): CanonicalValue {
  switch (message.type) {
    case 'proposal': {
      const { epoch, view, signature, block, again } = message;
      return proposal.encode([epoch, view, signature, encodeHeader(block.header), encodeBody(block.body), again]);
    }
    case 'vote':
      return vote.encode([message.epoch, message.signed]);
    case 'certificate':
      return certificateSchema.encode(message.certificate);
    case 'fetch-blocks':
      return fetchBlocks.encode(message.ids);
    case 'block':
      return block.encode([encodeHeader(message.block.header), encodeBody(message.block.body)]);
    case 'status':
      return status.encode([message.epoch, message.view, message.finalizedHeight]);
    case 'fetch-certificates':
      return fetchCertificates.encode([message.epoch, message.fromView, message.toView]);
    case 'ask-newest-vote':
      return id.encode(message.source);
    case 'newest-vote':
      return newestVote.encode([message.source, message.newest]);
  }
}

/**
 * @param blockBytesMax - the parameter of this name
 * @throws {ConsensusError} `MALFORMED_MESSAGE`
 */
export function decodeMessage(encoded: Uint8Array, blockBytesMax: number): Message {
  const known = decoded.get(encoded);
  if (known !== undefined) return known;
  const message = decode(encoded, blockBytesMax);
  decoded.set(encoded, message);
  return message;
}

/** A message is decoded for its claims and again for the step: the second time costs nothing. */
const decoded = new WeakMap<Uint8Array, Message>();

function decode(encoded: Uint8Array, blockBytesMax: number): Message {
  try {
    const value = decodeCanonical(encoded, { bytesMax: blockBytesMax + ENVELOPE_BYTES_MAX });
    const [kind, content] = pair.decode(value);
    return decodeContent(KINDS[kind] as Message['type'], content, blockBytesMax);
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause;
    throw new ConsensusError({ code: 'MALFORMED_MESSAGE' }, 'expected a simplex message', { cause });
  }
}

const anything: Schema<CanonicalValue> = { encode: (value) => value, decode: (value) => value };
const pair = tuple(uint(KINDS.length - 1), anything);

function decodeContent(type: Message['type'], content: CanonicalValue, blockBytesMax: number): Message {
  switch (type) {
    case 'proposal': {
      const [epoch, view, signature, header, body, again] = proposal.decode(content);
      return { type, epoch, view, signature, block: blockOf(header, body, blockBytesMax), again };
    }
    case 'vote': {
      const [epoch, signed] = vote.decode(content);
      return { type, epoch, signed };
    }
    case 'certificate':
      return { type, certificate: certificateSchema.decode(content) };
    case 'fetch-blocks': {
      const ids = fetchBlocks.decode(content);
      if (new Set(ids.map(toHex)).size < ids.length) {
        throw new ConsensusError({ code: 'MALFORMED_MESSAGE' }, 'expected ids that differ');
      }
      return { type, ids };
    }
    case 'block': {
      const [header, body] = block.decode(content);
      return { type, block: blockOf(header, body, blockBytesMax) };
    }
    case 'status': {
      const [epoch, view, finalizedHeight] = status.decode(content);
      return { type, epoch, view, finalizedHeight };
    }
    case 'fetch-certificates': {
      const [epoch, fromView, toView] = fetchCertificates.decode(content);
      return { type, epoch, fromView, toView };
    }
    case 'ask-newest-vote':
      return { type, source: id.decode(content) };
    case 'newest-vote': {
      const [source, newest] = newestVote.decode(content);
      return { type, source, newest };
    }
  }
}

function blockOf(header: Uint8Array, body: Uint8Array, blockBytesMax: number): Block {
  return { header: decodeHeader(header), body: decodeBody(body, { bytesMax: blockBytesMax }), id: blockIdOf(header) };
}
