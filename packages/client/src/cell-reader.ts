/** Private reads of the state: whole buckets of the tree, each checked against the header that came with it. */
import { hashedKeyOf } from '@radledger/chain';
import { equalBytes, toHex } from '@radledger/primitives';
import { isRefusal } from './errors.js';
import type { NodeClient } from './node-client.js';
import { type BucketAnswer, verifyBucketAnswer } from './state-proof.js';

/** Longest prefix that a node answers, in hex digits. */
const PREFIX_LENGTH_MAX = 8;

export interface CellReader {
  /**
   * Values of cells by name, `undefined` for what is proven absent. The node learns the buckets, not the names.
   * @throws {ClientError} `PROOF_INVALID` when a bucket is not what its header's state root says
   */
  read(names: readonly Uint8Array[], signal?: AbortSignal): Promise<readonly (Uint8Array | undefined)[]>;
  /**
   * Every cell of the state, bucket by bucket.
   * @param digitsMax - longest prefix that is asked for, 0 to 8, default 8: of a larger state little is read before it ends with the node's
   *   refusal `BUCKET_TOO_LARGE`
   */
  all(
    signal?: AbortSignal,
    digitsMax?: number,
  ): AsyncIterable<{ readonly name: Uint8Array; readonly value: Uint8Array }>;
}

/** Starts with the whole state as one bucket and takes longer prefixes, for good, when the node finds a bucket too large. */
export function createCellReader(node: Pick<NodeClient, 'bucket'>): CellReader {
  let prefixLength = 0;

  const fetchBucket = async (
    prefix: string,
    signal: AbortSignal | undefined,
    digitsMax = PREFIX_LENGTH_MAX,
  ): Promise<BucketAnswer | undefined> => {
    try {
      const bucket = await node.bucket(prefix, signal === undefined ? {} : { signal });
      verifyBucketAnswer(bucket, prefix);
      return bucket;
    } catch (error) {
      if (isRefusal(error, 'BUCKET_TOO_LARGE') && prefix.length < digitsMax) return undefined;
      throw error;
    }
  };

  async function* walk(
    prefix: string,
    signal: AbortSignal | undefined,
    digitsMax: number | undefined,
  ): AsyncGenerator<BucketAnswer['cells'][number]> {
    const bucket = await fetchBucket(prefix, signal, digitsMax);
    if (bucket !== undefined) yield* bucket.cells;
    else for (const digit of '0123456789abcdef') yield* walk(prefix + digit, signal, digitsMax);
  }

  return {
    async read(names, signal) {
      const paths = names.map((name) => toHex(hashedKeyOf(name)));
      const buckets = new Map<string, BucketAnswer>();
      const values: (Uint8Array | undefined)[] = [];
      for (let index = 0; index < names.length; ) {
        const name = names[index] as Uint8Array;
        const prefix = (paths[index] as string).slice(0, prefixLength);
        const bucket = buckets.get(prefix) ?? (await fetchBucket(prefix, signal));
        if (bucket === undefined) {
          prefixLength = prefix.length + 1;
          continue;
        }
        buckets.set(prefix, bucket);
        values.push(bucket.cells.find((cell) => equalBytes(cell.name, name))?.value);
        index += 1;
      }
      return values;
    },
    all: (signal, digitsMax) => walk('', signal, digitsMax),
  };
}
