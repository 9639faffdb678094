/** How sources are let in: the work stamp of open admission, for test nets only, and the word of an authority. Spec: docs/spec/transactions.md, section 6. */
import {
  algorithmBytes,
  bytes,
  type CanonicalValue,
  encodeCanonical,
  literal,
  PrimitivesError,
  type Schema,
  sha256,
  struct,
  uint,
} from '@radledger/primitives';
import { TransactionError } from './errors.js';

/** Work bound to a recent block: `height` and `blockId` name the block, `counter` was searched for. */
export interface WorkStamp {
  readonly kind: 'work';
  readonly height: number;
  readonly blockId: Uint8Array;
  readonly counter: number;
}

/** An authority's word for a source: see `attestSource`. */
export interface SourceAttestation {
  readonly kind: 'attestation';
  /** Key of the authority, 32 bytes. */
  readonly authority: Uint8Array;
  /** Last height of the Define Source. */
  readonly untilHeight: number;
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

/** How a source asks to be admitted. */
export type Admission = WorkStamp | SourceAttestation;

const WORK = 1;
const ATTESTATION = 2;
const work = struct({ kind: literal(WORK), height: uint(), blockId: bytes({ length: 32 }), counter: uint() });
const attestation = struct({
  kind: literal(ATTESTATION),
  authority: algorithmBytes(32),
  untilHeight: uint(),
  signature: algorithmBytes(64),
});

export const admissionSchema: Schema<Admission> = {
  encode: (admission) =>
    admission.kind === 'work'
      ? work.encode({ ...admission, kind: WORK })
      : attestation.encode({ ...admission, kind: ATTESTATION }),
  decode(value: CanonicalValue, path = '') {
    if (!Array.isArray(value) || typeof value[0] !== 'number') {
      throw new PrimitivesError({ code: 'SCHEMA_MISMATCH', path }, `expected an admission at ${path}`);
    }
    if (value[0] === WORK) return { ...work.decode(value, path), kind: 'work' };
    if (value[0] === ATTESTATION) return { ...attestation.decode(value, path), kind: 'attestation' };
    throw new TransactionError(
      { code: 'ADMISSION_UNKNOWN', admission: value[0] },
      'expected admission 1, a work stamp, or 2, an attestation',
    );
  },
};

export interface WorkInput {
  readonly chainId: Uint8Array;
  readonly source: Uint8Array;
  /** Height and id of a block that is among the newest 512 when the stamp is used. */
  readonly height: number;
  readonly blockId: Uint8Array;
}

/** The 32 bytes whose leading zero bits are the work: SHA-256(SHA-256(canonical([tag, chain id, source, height, block id, counter]))). */
export function workStampDigest(input: WorkInput & { readonly counter: number }): Uint8Array {
  const { chainId, source, height, blockId, counter } = input;
  return sha256(sha256(encodeCanonical(['radledger/admission/1', chainId, source, height, blockId, counter])));
}

/** Whether a stamp holds at least `workBits` leading zero bits. */
export function isWorkStampValid(input: WorkInput & { readonly counter: number; readonly workBits: number }): boolean {
  return leadingZeroBits(workStampDigest(input)) >= input.workBits;
}

/**
 * Searches a stamp of `workBits` (0 to 32) leading zero bits, in slices between which the event loop runs.
 * @param options.signal - ends the search
 */
export async function solveWorkStamp(
  input: WorkInput & { readonly workBits: number },
  options: { readonly signal?: AbortSignal } = {},
): Promise<WorkStamp> {
  for (let counter = 0; ; counter++) {
    if (isWorkStampValid({ ...input, counter })) {
      return { kind: 'work', height: input.height, blockId: input.blockId, counter };
    }
    if (counter % 1024 === 1023) {
      options.signal?.throwIfAborted();
      await nextTask();
    }
  }
}

/** Lets the event loop run once, in Node and in browsers alike. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

function leadingZeroBits(digest: Uint8Array): number {
  let bits = 0;
  for (const byte of digest) {
    if (byte !== 0) return bits + Math.clz32(byte) - 24;
    bits += 8;
  }
  return bits;
}
