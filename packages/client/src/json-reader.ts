import { fromHex } from '@radledger/primitives';
import { ClientError } from './errors.js';

/** Reads members of an answer one by one: what is absent or of another kind is refused by name. Unknown members are let through. */
export class JsonReader {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #path: string;

  /** @throws {ClientError} `MALFORMED_RESPONSE` when it is not an object */
  constructor(json: unknown, path = '') {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) throw malformed(path);
    this.#fields = json as Readonly<Record<string, unknown>>;
    this.#path = path;
  }

  string(name: string, lengthMax = 4096): string {
    const value = this.#fields[name];
    return typeof value === 'string' && value.length <= lengthMax ? value : this.#refuse(name);
  }

  stringOrNull(name: string, lengthMax = 4096): string | null {
    return this.isAbsent(name) ? null : this.string(name, lengthMax);
  }

  /** A non-negative integer: height, count, time or age. */
  integer(name: string): number {
    const value = this.#fields[name];
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : this.#refuse(name);
  }

  integerOrNull(name: string): number | null {
    return this.isAbsent(name) ? null : this.integer(name);
  }

  boolean(name: string): boolean {
    const value = this.#fields[name];
    return typeof value === 'boolean' ? value : this.#refuse(name);
  }

  /** Lower-case hexadecimal; of exactly `length` bytes when given. */
  bytes(name: string, length?: number): Uint8Array {
    const value = this.#fields[name];
    if (typeof value !== 'string') return this.#refuse(name);
    try {
      const bytes = fromHex(value);
      if (length === undefined || bytes.length === length) return bytes;
    } catch {
      // refused below, with the name of the member
    }
    return this.#refuse(name);
  }

  bytesOrNull(name: string, length?: number): Uint8Array | null {
    return this.isAbsent(name) ? null : this.bytes(name, length);
  }

  object(name: string): JsonReader {
    return new JsonReader(this.#fields[name], this.#pathOf(name));
  }

  list<T>(name: string, read: (item: unknown, path: string) => T): readonly T[] {
    const value = this.#fields[name];
    if (!Array.isArray(value)) return this.#refuse(name);
    return value.map((item: unknown, index) => read(item, `${this.#pathOf(name)}[${index}]`));
  }

  /** The member as it came. */
  raw(name: string): unknown {
    return this.#fields[name];
  }

  isAbsent(name: string): boolean {
    return this.#fields[name] === null || this.#fields[name] === undefined;
  }

  #pathOf(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }

  #refuse(name: string): never {
    throw malformed(this.#pathOf(name));
  }
}

/** @throws {ClientError} `MALFORMED_RESPONSE` unless the item is lower-case hexadecimal of exactly `length` bytes */
export function readHex(item: unknown, path: string, length: number): Uint8Array {
  return new JsonReader({ item }, path).bytes('item', length);
}

function malformed(field: string): ClientError {
  return new ClientError({ code: 'MALFORMED_RESPONSE', field }, `the answer's member "${field}" is not as specified`);
}
