/** Proofs that came with answers: the path from a cell to the state root of a header. Spec: docs/spec/node-api.md, section 4. */
import { decodeCellProof, decodeHeader, type Header, verifyBucket, verifyCellProof } from '@radledger/chain';
import { equalBytes } from '@radledger/primitives';
import { ClientError } from './errors.js';
import type { JsonReader } from './json-reader.js';

/** A cell's value, or its absence, under the state root of a header. The header's own finality is for a `FinalityVerifier` to judge. */
export interface StateProof {
  readonly header: Header;
  /** Canonical bytes of the header. */
  readonly headerBytes: Uint8Array;
  /** The consensus module's finality proof; null at height 0 only. */
  readonly finality: Uint8Array | null;
  /** Undefined for a proven absence. */
  readonly value: Uint8Array | undefined;
}

/**
 * Reads the `proof` of an answer and checks it for the cell that was asked for.
 * @throws {ClientError} `PROOF_INVALID` | `MALFORMED_RESPONSE`
 */
export function readStateProof(answer: JsonReader, name: Uint8Array): StateProof {
  const reader = answer.object('proof');
  const headerBytes = reader.bytes('header');
  const value = reader.bytesOrNull('value') ?? undefined;
  const header = checked(() => {
    const decoded = decodeHeader(headerBytes);
    const { stateRoot } = decoded;
    const holds =
      equalBytes(reader.bytes('name'), name) &&
      decoded.height === answer.integer('height') &&
      verifyCellProof({ stateRoot, name, value, proof: decodeCellProof(reader.bytes('path')) });
    return holds ? decoded : undefined;
  });
  return { header, headerBytes, finality: reader.bytesOrNull('finality'), value };
}

/** A bucket as a node answered it. */
export interface BucketAnswer {
  readonly height: number;
  readonly prefix: string;
  readonly cells: readonly { readonly name: Uint8Array; readonly value: Uint8Array }[];
  readonly proof: { readonly header: Uint8Array; readonly finality: Uint8Array | null; readonly path: Uint8Array };
}

/**
 * Checks that a bucket is the one asked for and holds all its cells and no others under its header's state root.
 * @throws {ClientError} `PROOF_INVALID`
 */
export function verifyBucketAnswer(bucket: BucketAnswer, prefix: string): Header {
  const { cells, proof } = bucket;
  return checked(() => {
    const header = decodeHeader(proof.header);
    const { stateRoot } = header;
    const holds =
      bucket.prefix === prefix &&
      header.height === bucket.height &&
      verifyBucket({ stateRoot, prefix, cells, proof: decodeCellProof(proof.path) });
    return holds ? header : undefined;
  });
}

function checked(check: () => Header | undefined): Header {
  const message = 'the proof does not show what the node says';
  let header: Header | undefined;
  try {
    header = check();
  } catch (cause) {
    if (cause instanceof ClientError) throw cause;
    throw new ClientError({ code: 'PROOF_INVALID' }, message, { cause });
  }
  if (header === undefined) throw new ClientError({ code: 'PROOF_INVALID' }, message);
  return header;
}
