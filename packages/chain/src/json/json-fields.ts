/** Reads the members of one JSON object strictly: known names only, each of its exact kind. */
import { fromHex, PrimitivesError } from '@radledger/primitives';
import { ChainError } from '../errors.js';

export class JsonFields {
  private readonly fields: Readonly<Record<string, unknown>>;

  /** @throws {ChainError} `MALFORMED` for what is no object */
  constructor(
    private readonly format: string,
    json: unknown,
    private readonly path = '',
  ) {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) throw malformed(format, path, 'an object');
    this.fields = json as Readonly<Record<string, unknown>>;
  }

  /** Refuses members that were not named. Files are checked so; answers of a newer node are not. */
  only(names: readonly string[]): this {
    const unknown = Object.keys(this.fields).find((name) => !names.includes(name));
    if (unknown !== undefined) throw malformed(this.format, this.pathOf(unknown), 'no such member');
    return this;
  }

  /** Lower-case hex of `length` bytes. */
  hex(name: string, length: number): Uint8Array {
    return hexOf(this.format, this.fields[name], this.pathOf(name), length);
  }

  hexOrNull(name: string, length: number): Uint8Array | undefined {
    return this.fields[name] === null ? undefined : this.hex(name, length);
  }

  integer(name: string): number {
    const value = this.fields[name];
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw malformed(this.format, this.pathOf(name), 'an integer from 0 to 2^53 - 1');
  }

  /** Exactly this number: a format. */
  number<const N extends number>(name: string, expected: N): N {
    if (this.fields[name] === expected) return expected;
    throw malformed(this.format, this.pathOf(name), `the number ${expected}`);
  }

  string(name: string): string {
    const value = this.fields[name];
    if (typeof value === 'string') return value;
    throw malformed(this.format, this.pathOf(name), 'text');
  }

  boolean(name: string): boolean {
    const value = this.fields[name];
    if (typeof value === 'boolean') return value;
    throw malformed(this.format, this.pathOf(name), 'true or false');
  }

  /** One of a fixed set of words. */
  word<W extends string>(name: string, words: readonly W[]): W {
    const value = words.find((word) => word === this.fields[name]);
    if (value !== undefined) return value;
    throw malformed(this.format, this.pathOf(name), `one of ${words.join(', ')}`);
  }

  object(name: string): JsonFields {
    return new JsonFields(this.format, this.fields[name], this.pathOf(name));
  }

  objectOrNull(name: string): JsonFields | undefined {
    return this.fields[name] === null ? undefined : this.object(name);
  }

  list<T>(name: string, max: number, read: (item: unknown, path: string) => T): T[] {
    const value = this.fields[name];
    if (!Array.isArray(value) || value.length > max)
      throw malformed(this.format, this.pathOf(name), `at most ${max} items`);
    return value.map((item: unknown, index) => read(item, `${this.pathOf(name)}[${index}]`));
  }

  hexList(name: string, max: number, length: number): Uint8Array[] {
    return this.list(name, max, (item, path) => hexOf(this.format, item, path, length));
  }

  private pathOf(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }
}

function hexOf(format: string, value: unknown, path: string, length: number): Uint8Array {
  if (typeof value !== 'string' || value.length !== length * 2) {
    throw malformed(format, path, `${length * 2} lower-case hex digits`);
  }
  try {
    return fromHex(value);
  } catch (cause) {
    if (!(cause instanceof PrimitivesError)) throw cause;
    throw malformed(format, path, `${length * 2} lower-case hex digits`);
  }
}

function malformed(format: string, path: string, expected: string): ChainError {
  return new ChainError({ code: 'MALFORMED', format, path }, `expected ${expected}${path === '' ? '' : ` at ${path}`}`);
}
