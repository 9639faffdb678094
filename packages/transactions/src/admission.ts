/** The work stamp of open admission, for test nets only. Spec: docs/spec/transactions.md, section 6. */
import {
  bytes,
  type CanonicalValue,
  encodeCanonical,
  PrimitivesError,
  type Schema,
  sha256,
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

/** How a source asks to be admitted. Attestations follow with another number. */
export type Admission = WorkStamp;

const WORK = 1;
const height = uint();
const blockId = bytes({ length: 32 });
const counter = uint();

export const admissionSchema: Schema<Admission> = {
  encode: (stamp) => [WORK, height.encode(stamp.height), blockId.encode(stamp.blockId), counter.encode(stamp.counter)],
  decode(value: CanonicalValue, path = '') {
    if (!Array.isArray(value) || typeof value[0] !== 'number') {
      throw new PrimitivesError({ code: 'SCHEMA_MISMATCH', path }, `expected an admission at ${path}`);
    }
    const items = value as readonly CanonicalValue[];
    if (items[0] !== WORK) {
      throw new TransactionError(
        { code: 'ADMISSION_UNKNOWN', admission: value[0] },
        'expected admission 1, a work stamp',
      );
    }
    if (items.length !== 4) {
      throw new PrimitivesError({ code: 'SCHEMA_MISMATCH', path }, `expected 4 fields at ${path}`);
    }
    return {
      kind: 'work',
      height: height.decode(items[1] as CanonicalValue, `${path}.height`),
      blockId: blockId.decode(items[2] as CanonicalValue, `${path}.blockId`),
      counter: counter.decode(items[3] as CanonicalValue, `${path}.counter`),
    };
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
