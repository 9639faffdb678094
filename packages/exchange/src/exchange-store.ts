/**
 * The gateway's durable memory over any `abstract-level` database: sealed records, one atomic synced batch per change.
 * Spec: docs/spec/exchange-records.md.
 */
import type { AbstractBatchOptions, AbstractLevel } from 'abstract-level';
import { decodeWith, encodeWith, hmacSha256, randomBytes, type Schema, toHex, utf8 } from '@radledger/primitives';
import { ExchangeError } from './errors.js';
import type { SecretBox } from './secret-box.js';

/** Any database of the `abstract-level` family; keys are text, values bytes. */
export type ExchangeDatabase = AbstractLevel<string | Buffer | Uint8Array, string, Uint8Array>;

/** One kind of record: its place in the database and its codec. */
export interface RecordKind<T> {
  /** First segment of the key; lower-case, no `/`. */
  readonly name: string;
  readonly schema: Schema<T>;
  readonly bytesMax: number;
}

/** One write of a batch; made by `put` and `remove`. */
export interface Change {
  readonly key: string;
  readonly plaintext: Uint8Array | undefined;
}

/** Writes a record. @param id - never a name, a UID or anything else that tells of a patient: keys are stored as they are */
export function put<T>(kind: RecordKind<T>, id: string, value: T): Change {
  return { key: `${kind.name}/${id}`, plaintext: encodeWith(kind.schema, value) };
}

/** Erases a record. */
export function remove(kind: RecordKind<unknown>, id: string): Change {
  return { key: `${kind.name}/${id}`, plaintext: undefined };
}

/** A sealed stand-in for a record that may not exist. */
export interface Decoy<T> {
  readonly key: string;
  readonly sealed: Uint8Array;
  readonly kind: RecordKind<T>;
}

export interface ExchangeStore {
  get<T>(kind: RecordKind<T>, id: string): Promise<T | undefined>;
  /**
   * The record, or `decoy` when there is none, after the same amount of work: one read, one opening, one decoding. Where
   * an answer must not tell whether a record exists.
   */
  getOrDecoy<T>(
    kind: RecordKind<T>,
    id: string,
    decoy: Decoy<T>,
  ): Promise<{ readonly found: boolean; readonly value: T }>;
  /** Seals a stand-in for `getOrDecoy`; it never reaches the database. */
  createDecoy<T>(kind: RecordKind<T>, value: T): Promise<Decoy<T>>;
  /** All records of a kind whose id starts with `prefix`, in the order of their keys. */
  list<T>(kind: RecordKind<T>, prefix?: string): Promise<readonly { readonly id: string; readonly value: T }[]>;
  /**
   * The last records of a kind whose id starts with `prefix`, from the last backwards.
   * @param range.before - only ids below `prefix` followed by this
   */
  newest<T>(
    kind: RecordKind<T>,
    prefix: string,
    range: { readonly limit: number; readonly before?: string },
  ): Promise<readonly { readonly id: string; readonly value: T }[]>;
  /** All records of a kind whose id starts with `prefix`, in the order of their ids, one at a time. */
  scan<T>(kind: RecordKind<T>, prefix?: string): AsyncIterable<{ readonly id: string; readonly value: T }>;
  /** All of `changes` or none of them; on disk when it resolves. */
  commit(changes: readonly Change[]): Promise<void>;
  /**
   * As `commit`, of what must be gone: when it resolves, the database's files hold nothing of what was removed or replaced. Any reader of
   * the database at that moment may hold a part of it back until the next time; so does a file system, and every backup.
   */
  erase(changes: readonly Change[]): Promise<void>;
  /** A stable name for something that must not stand in a key: HMAC-SHA-256 under a key that only this database has. */
  pseudonymOf(value: string): string;
}

const META_KEY = 'meta/index-key';
// `sync` is an option of classic-level and of adapters with a disk; others ignore it.
const DURABLE: AbstractBatchOptions<string, Uint8Array> & { readonly sync: boolean } = {
  keyEncoding: 'utf8',
  valueEncoding: 'view',
  sync: true,
};
const READ = { keyEncoding: 'utf8', valueEncoding: 'view' } as const;

/**
 * Opens the records of a gateway.
 * @throws {ExchangeError} `RECORD_UNREADABLE` when `secretBox` has another key than the one the database was made with;
 *   nothing is changed then
 */
export async function openExchangeStore(options: {
  readonly database: ExchangeDatabase;
  readonly secretBox: SecretBox;
}): Promise<ExchangeStore> {
  const { database, secretBox } = options;
  const read = async (key: string): Promise<Uint8Array | undefined> => {
    const sealed = await database.get<string, Uint8Array>(key, READ);
    return sealed === undefined ? undefined : secretBox.open(key, sealed);
  };
  const commit = async (changes: readonly Change[]): Promise<void> => {
    if (changes.length === 0) return;
    const operations = await Promise.all(
      changes.map(async ({ key, plaintext }) =>
        plaintext === undefined
          ? ({ type: 'del', key } as const)
          : ({ type: 'put', key, value: await secretBox.seal(key, plaintext) } as const),
      ),
    );
    await database.batch<string, Uint8Array>(operations, DURABLE);
  };

  /** An LSM tree keeps what was overwritten until the files that hold it are merged. Other databases have their own ways. */
  const compact = async (changes: readonly Change[]): Promise<void> => {
    const tree = database as ExchangeDatabase & {
      compactRange?(start: string, end: string, options: object): Promise<void>;
    };
    const byKind = new Map<string, string[]>();
    for (const { key } of changes) {
      const kind = key.slice(0, key.indexOf('/'));
      byKind.set(kind, [...(byKind.get(kind) ?? []), key]);
    }
    for (const keys of byKind.values()) {
      const [first = '', last = ''] = [keys.toSorted()[0], keys.toSorted().at(-1)];
      await tree.compactRange?.(first, `${last}\xff`, { keyEncoding: 'utf8' });
    }
  };

  type Range = { readonly gte: string; readonly lt: string; readonly reverse?: boolean; readonly limit?: number };
  type Found<T> = { readonly id: string; readonly value: T };
  async function* scan<T>(kind: RecordKind<T>, range: Range): AsyncGenerator<Found<T>, void, void> {
    for await (const [key, sealed] of database.iterator<string, Uint8Array>({ ...range, ...READ })) {
      const value = decodeRecord(kind, await secretBox.open(key, sealed));
      yield { id: key.slice(kind.name.length + 1), value };
    }
  }
  const records = async <T>(kind: RecordKind<T>, range: Range): Promise<readonly Found<T>[]> => {
    const found: Found<T>[] = [];
    for await (const record of scan(kind, range)) found.push(record);
    return found;
  };
  const allWith = (kind: { readonly name: string }, prefix: string): Range => {
    const start = `${kind.name}/${prefix}`;
    return { gte: start, lt: `${start}\xff` };
  };

  let indexKey = await read(META_KEY);
  if (indexKey === undefined) {
    indexKey = randomBytes(32);
    await commit([{ key: META_KEY, plaintext: indexKey }]);
  }
  const pseudonymKey = indexKey;

  return {
    commit,
    async erase(changes) {
      // Before, so that what is removed lies in files of its own below: written and removed within one file it would stay there.
      await compact(changes);
      await commit(changes);
      await compact(changes);
    },
    pseudonymOf: (value) => toHex(hmacSha256(pseudonymKey, utf8(value))),
    async get<T>(kind: RecordKind<T>, id: string) {
      const plaintext = await read(`${kind.name}/${id}`);
      return plaintext === undefined ? undefined : decodeRecord(kind, plaintext);
    },
    async createDecoy<T>(kind: RecordKind<T>, value: T) {
      const key = `${kind.name}/decoy`;
      return { key, kind, sealed: await secretBox.seal(key, encodeWith(kind.schema, value)) };
    },
    async getOrDecoy<T>(kind: RecordKind<T>, id: string, decoy: Decoy<T>) {
      const key = `${kind.name}/${id}`;
      const sealed = await database.get<string, Uint8Array>(key, READ);
      const plaintext = await secretBox.open(
        ...(sealed === undefined ? ([decoy.key, decoy.sealed] as const) : ([key, sealed] as const)),
      );
      return { found: sealed !== undefined, value: decodeRecord(kind, plaintext) };
    },
    list: (kind, prefix = '') => records(kind, allWith(kind, prefix)),
    scan: (kind, prefix = '') => scan(kind, allWith(kind, prefix)),
    newest: (kind, prefix, { limit, before = '\xff' }) => {
      const start = `${kind.name}/${prefix}`;
      return records(kind, { gte: start, lt: `${start}${before}`, reverse: true, limit });
    },
  };
}

function decodeRecord<T>(kind: RecordKind<T>, plaintext: Uint8Array): T {
  try {
    return decodeWith(kind.schema, plaintext, { bytesMax: kind.bytesMax });
  } catch (cause) {
    throw new ExchangeError(
      { code: 'RECORD_UNREADABLE' },
      `a ${kind.name} record was written by another version of this software`,
      { cause },
    );
  }
}
