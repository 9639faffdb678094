/** Any abstract-level database as a map from bytes to bytes, with errors that say what to do. */
import { StorageError } from './errors.js';
import { corruptDatabase } from './store-meta.js';

/** What the store uses of an abstract-level database; whatever its own encodings are, every call here names them. */
export interface AnyLevel {
  readonly status: string;
  readonly supports: { readonly implicitSnapshots?: boolean | undefined };
  open(): Promise<void>;
  close(): Promise<void>;
  getMany(keys: Uint8Array[], options: typeof encodings): Promise<(Uint8Array | undefined)[]>;
  iterator(options: typeof encodings & KeyRange): {
    nextv(count: number): Promise<[Uint8Array, Uint8Array][]>;
    close(): Promise<void>;
  };
  batch(operations: BatchOperation[], options: typeof encodings & { readonly sync: boolean }): Promise<void>;
}

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
const PAGE_ENTRIES = 1_000;

export class ByteDatabase {
  constructor(private readonly level: AnyLevel) {}

  /** @throws {StorageError} `DATABASE_LOCKED` | `DATABASE_CORRUPT` | `DATABASE_UNREADABLE` | `UNSUITABLE_DATABASE` */
  async open(): Promise<void> {
    if (!this.level.supports.implicitSnapshots) {
      const info = { code: 'UNSUITABLE_DATABASE', missing: 'implicitSnapshots' } as const;
      throw new StorageError(info, 'choose a database whose reads each see one moment');
    }
    await guard(() => this.level.open());
  }

  async close(): Promise<void> {
    await guard(() => this.level.close());
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const [value] = await this.getMany([key]);
    return value;
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    if (keys.length === 0) return [];
    const values = await guard(() => this.level.getMany([...keys], encodings));
    return values.map((value) => (value === undefined ? undefined : plain(value)));
  }

  /**
   * Entries of a range in the order of keys, a page at a time, each of its own moment. No iterator lives longer than a page: it holds a
   * snapshot of the database (see `held-states.ts`).
   */
  async *pages(range: KeyRange): AsyncGenerator<readonly [Uint8Array, Uint8Array][]> {
    let { gte } = range;
    let left = range.limit ?? Number.POSITIVE_INFINITY;
    while (left > 0) {
      const limit = Math.min(PAGE_ENTRIES, left);
      const page = await this.page({ ...range, gte, limit });
      if (page.length > 0) yield page;
      if (page.length < limit) return;
      left -= page.length;
      const [last] = page.at(-1) as [Uint8Array, Uint8Array];
      gte = new Uint8Array(last.length + 1);
      gte.set(last);
    }
  }

  async range(range: KeyRange): Promise<[Uint8Array, Uint8Array][]> {
    const entries: [Uint8Array, Uint8Array][] = [];
    for await (const page of this.pages(range)) entries.push(...page);
    return entries;
  }

  private async page(range: KeyRange & { readonly limit: number }): Promise<readonly [Uint8Array, Uint8Array][]> {
    const iterator = this.level.iterator({ ...encodings, ...range });
    try {
      const page: [Uint8Array, Uint8Array][] = [];
      while (page.length < range.limit) {
        const entries = await guard(() => iterator.nextv(range.limit - page.length));
        if (entries.length === 0) break;
        for (const [key, value] of entries) page.push([plain(key), plain(value)]);
      }
      return page;
    } finally {
      await iterator.close();
    }
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
