/** What closed epochs counted for each source, as a node tells it. Spec: docs/spec/node-api.md, section 6. */
import { decodeDutyLeaf, decodeHeader, type DutyLeaf, type Header, verifyInclusion } from '@radledger/chain';
import { equalBytes } from '@radledger/primitives';
import { ClientError } from './errors.js';
import { JsonReader, readHex } from './json-reader.js';

/** The accounts of a closed epoch as a node tells them, unverified. */
export interface DutyAccounts {
  /** Of the state that was read. */
  readonly height: number;
  /** Views that the epoch's blocks closed; that were given a class in it; of these, for nobody because of a storm. */
  readonly closed: number;
  readonly settled: number;
  readonly storm: number;
  /** Verdicts besides. */
  readonly charged: number;
  /** Views that were still within their grace when the epoch closed. */
  readonly pending: number;
  /** In the order of source ids. */
  readonly leaves: readonly DutyLeaf[];
}

/** One account, proven under the duty root of the header that came with it; whether that header is final is the node's word. */
export interface DutyAccount {
  readonly account: DutyLeaf;
  readonly header: Header;
  /** Canonical bytes of the header. */
  readonly headerBytes: Uint8Array;
  /** The consensus module's finality proof; null when the node has none. */
  readonly finality: Uint8Array | null;
}

/** @throws {ClientError} `MALFORMED_RESPONSE` */
export function readDutyAccounts(reader: JsonReader): DutyAccounts {
  return {
    height: reader.integer('height'),
    closed: reader.integer('closed'),
    settled: reader.integer('settled'),
    storm: reader.integer('storm'),
    charged: reader.integer('charged'),
    pending: reader.integer('pending'),
    leaves: reader.list('leaves', (item, path) => readLeaf(new JsonReader(item, path))),
  };
}

/** @throws {ClientError} `PROOF_INVALID` | `MALFORMED_RESPONSE` */
export function readDutyProof(
  answer: JsonReader,
  asked: { readonly epoch: number; readonly source: Uint8Array },
): DutyAccount {
  const reader = answer.object('proof');
  const headerBytes = reader.bytes('header');
  const leaf = reader.bytes('leaf');
  const proof = {
    index: reader.integer('index'),
    size: reader.integer('size'),
    path: reader.list('path', (item, path) => readHex(item, path, 32)),
  };
  let header: Header;
  let account: DutyLeaf;
  try {
    header = decodeHeader(headerBytes);
    account = decodeDutyLeaf(leaf);
  } catch (cause) {
    throw proofInvalid(cause);
  }
  const isAsked = account.epoch === asked.epoch && equalBytes(account.source, asked.source);
  if (!isAsked || !verifyInclusion({ root: header.dutyRoot, leaf, proof })) throw proofInvalid();
  return { account, header, headerBytes, finality: reader.bytesOrNull('finality') };
}

function readLeaf(reader: JsonReader): DutyLeaf {
  return {
    source: reader.bytes('source', 32),
    epoch: reader.integer('epoch'),
    expectedMilli: reader.integer('expectedMilli'),
    produced: reader.integer('produced'),
    missed: reader.integer('missed'),
    declined: reader.integer('declined'),
    late: reader.integer('late'),
    invalid: reader.integer('invalid'),
    equivocated: reader.integer('equivocated'),
    shadowMilli: reader.integer('shadowMilli'),
    reliability: reader.integer('reliability'),
  };
}

function proofInvalid(cause?: unknown): ClientError {
  return new ClientError({ code: 'PROOF_INVALID' }, 'the proof does not show what the node says', { cause });
}
