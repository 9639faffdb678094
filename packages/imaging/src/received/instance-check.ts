/** Compares a Part 10 file with what the ledger's commitment says of it; in Node and in browsers. Spec: docs/spec/file-set.md, section 1.2. */
import { equalBytes } from '@radledger/primitives';
import { sha256 } from '@noble/hashes/sha2.js';
import { ImagingError } from '../errors.js';
import { readFileMeta } from '../file-meta.js';

/** What a manifest says of one instance. */
export interface CommittedInstance {
  readonly transferSyntaxUid: string;
  /** SHA-256 of the data set. */
  readonly sha256: Uint8Array;
}

export interface InstanceCheck {
  /** Takes the next bytes of the file. @throws {ImagingError} `CONTENT_MISMATCH` */
  update(chunk: Uint8Array): void;
  /** The file has ended. @throws {ImagingError} `CONTENT_MISMATCH` */
  end(): void;
}

/** Checks one file while it passes by; memory does not grow with it. */
export function instanceCheck(committed: CommittedInstance): InstanceCheck {
  const dataSet = sha256.create();
  /** Until it is known where the data set begins. */
  let head: Uint8Array | undefined = new Uint8Array(0);

  const readHead = (isWhole: boolean): void => {
    if (head === undefined) return;
    const meta = metaOf(head, isWhole);
    if (meta === undefined) return;
    if (meta.transferSyntaxUid !== committed.transferSyntaxUid) throw mismatch();
    dataSet.update(head.subarray(meta.dataSetOffset));
    head = undefined;
  };
  return {
    update(chunk) {
      if (head === undefined) {
        dataSet.update(chunk);
        return;
      }
      const longer = new Uint8Array(head.length + chunk.length);
      longer.set(head);
      longer.set(chunk, head.length);
      head = longer;
      readHead(false);
    },
    end() {
      readHead(true);
      if (!equalBytes(dataSet.digest(), committed.sha256)) throw mismatch();
    },
  };
}

function metaOf(head: Uint8Array, isWhole: boolean) {
  try {
    return readFileMeta(head, isWhole);
  } catch (cause) {
    if (cause instanceof ImagingError) throw mismatch(cause);
    throw cause;
  }
}

function mismatch(cause?: Error): ImagingError {
  return new ImagingError({ code: 'CONTENT_MISMATCH' }, 'not the instance that the ledger commits to', { cause });
}
