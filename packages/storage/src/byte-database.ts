/** Any abstract-level database as a map from bytes to bytes, with errors that say what to do. */
import type { AbstractSnapshot } from 'abstract-level';
import { StorageError } from './errors.js';
import { corruptDatabase } from './store-meta.js';

/** What the store uses of an abstract-level database; whatever its own encodings are, every call here names them. */
export interface AnyLevel {
  readonly status: string;
  readonly supports: { readonly explicitSnapshots?: boolean | undefined };
  open(): Promise<void>;
  close(): Promise<void>;
  getMany(keys: Uint8Array[], options: ReadOptions): Promise<(Uint8Array | undefined)[]>;
  iterator(options: ReadOptions & KeyRange): {
    nextv(count: number): Promise<[Uint8Array, Uint8Array][]>;
    close(): Promise<void>;
  };
  batch(operations: BatchOperation[], options: typeof encodings & { readonly sync: boolean }): Promise<void>;
  snapshot(): AbstractSnapshot;
}

type ReadOptions = typeof encodings & { readonly snapshot?: AbstractSnapshot | undefined };

export type BatchOperation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array };

export interface KeyRange {
  readonly gte: Uint8Array;
  readonly lt?: Uint8Array;
  readonly lte?: Uint8Array;
  readonly limit?: number;
}

const encodings = { keyEncoding: 'view', valueEncoding: 'view' } as const;
/** Entries that one turn of an iterator brings. */
const ITERATOR_TURN = 1_000;

export class ByteDatabase {
  constructor(private readonly level: AnyLevel) {}

  /** @throws {StorageError} `DATABASE_LOCKED` | `DATABASE_CORRUPT` | `DATABASE_UNREADABLE` | `UNSUITABLE_DATABASE` */
  async open(): Promise<void> {
    if (!this.level.supports.explicitSnapshots) {
      const info = { code: 'UNSUITABLE_DATABASE', missing: 'explicitSnapshots' } as const;
      throw new StorageError(info, 'choose a database that can take snapshots');
    }
    await guard(() => this.level.open());
  }

  async close(): Promise<void> {
    await guard(() => this.level.close());
  }

  snapshot(): AbstractSnapshot {
    return this.level.snapshot();
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const [value] = await this.getMany([key]);
    return value;
  }

  async getMany(keys: readonly Uint8Array[], snapshot?: AbstractSnapshot): Promise<(Uint8Array | undefined)[]> {
    if (keys.length === 0) return [];
    const options = snapshot === undefined ? encodings : { ...encodings, snapshot };
    const values = await guard(() => this.level.getMany([...keys], options));
    return values.map((value) => (value === undefined ? undefined : plain(value)));
  }

  /** Entries of a range in the order of keys, as many at a time as one turn of the iterator brings. */
  async *pages(range: KeyRange, snapshot?: AbstractSnapshot): AsyncGenerator<readonly [Uint8Array, Uint8Array][]> {
    const options = { ...encodings, ...range, ...(snapshot === undefined ? {} : { snapshot }) };
    const iterator = this.level.iterator(options);
    try {
      for (;;) {
        const page = await guard(() => iterator.nextv(ITERATOR_TURN));
        if (page.length === 0) return;
        yield page.map(([key, value]) => [plain(key), plain(value)]);
      }
    } finally {
      await iterator.close();
    }
  }

  async range(range: KeyRange, snapshot?: AbstractSnapshot): Promise<[Uint8Array, Uint8Array][]> {
    const entries: [Uint8Array, Uint8Array][] = [];
    for await (const page of this.pages(range, snapshot)) entries.push(...page);
    return entries;
  }

  /** All of it or nothing, on the disk when this resolves. `sync` is LevelDB's; databases without it sync by themselves. */
  async writeSynced(operations: BatchOperation[]): Promise<void> {
    const options = { ...encodings, sync: true };
    await this.level.batch(operations, options);
  }
}

/** Buffers of a database as plain byte arrays over the same memory. */
function plain(value: Uint8Array): Uint8Array {
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

async function guard<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw storageErrorOf(error);
  }
}

/** What an error of a database means to who runs it: the code stands in the error or in its cause. */
export function storageErrorOf(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const codes = [error, (error as { cause?: unknown }).cause].map(
    (part) => (part as { code?: unknown } | undefined)?.code,
  );
  if (codes.includes('LEVEL_LOCKED')) {
    const message = 'another process has this database open: stop it, or choose another folder';
    return new StorageError({ code: 'DATABASE_LOCKED' }, message, { cause: error });
  }
  if (codes.includes('LEVEL_CORRUPTION')) return corruptDatabase('a file of the database', error);
  if (codes.includes('LEVEL_DATABASE_NOT_OPEN')) {
    return new StorageError({ code: 'CLOSED' }, 'the database is closed', { cause: error });
  }
  const systemCode = codes.findLast((code) => typeof code === 'string');
  const info = {
    code: 'DATABASE_UNREADABLE',
    systemCode: typeof systemCode === 'string' ? systemCode : 'UNKNOWN',
  } as const;
  return new StorageError(info, 'the database cannot be used: check the folder, its rights and the disk', {
    cause: error,
  });
}
