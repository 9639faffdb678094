/**
 * Schemas over canonical values: one description gives the encoder, the strict decoder and the TypeScript type.
 * Spec: docs/spec/canonical-encoding.md.
 */
import { type CanonicalValue, type DecodeLimits, decodeCanonical, encodeCanonical } from './canonical.js';
import { PrimitivesError } from './errors.js';

/**
 * Swap-in point: how one kind of value is written. `decode(encode(v))` gives an equal value, and every canonical value
 * that `decode` accepts is what `encode` gives back: one value, one byte string.
 */
export interface Schema<T> {
  encode(value: T): CanonicalValue;
  /** @throws {PrimitivesError} `SCHEMA_MISMATCH`; `path` names the field, outermost first */
  decode(value: CanonicalValue, path?: string): T;
}

/** A schema of whatever type, as a part of a larger one. */
interface AnySchema {
  encode(value: never): CanonicalValue;
  decode(value: CanonicalValue, path?: string): unknown;
}

/** The type a schema describes. */
export type Infer<S> = S extends { decode(value: CanonicalValue, path?: string): infer T } ? T : never;

/** Canonical bytes of a value. */
export function encodeWith<T>(schema: Schema<T>, value: T): Uint8Array {
  return encodeCanonical(schema.encode(value));
}

/**
 * The value of canonical bytes, checked against a schema.
 * @throws {PrimitivesError} `TOO_LARGE` | `TOO_DEEP` | `NOT_CANONICAL` | `SCHEMA_MISMATCH`
 */
export function decodeWith<T>(schema: Schema<T>, bytes: Uint8Array, limits: DecodeLimits): T {
  return schema.decode(decodeCanonical(bytes, limits));
}

/** An integer from 0 to `max` (default 2^53 - 1). */
export function uint(max = Number.MAX_SAFE_INTEGER): Schema<number> {
  const check = (value: CanonicalValue, path: string): number =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max
      ? value
      : mismatch(path, `an integer from 0 to ${max}`);
  return { encode: (value) => check(value, ''), decode: (value, path = '') => check(value, path) };
}

/** A byte string of exactly `length`, or of `min` (default 0) to `max` bytes. */
export function bytes(size: { length: number } | { max: number; min?: number }): Schema<Uint8Array> {
  const min = 'length' in size ? size.length : (size.min ?? 0);
  const max = 'length' in size ? size.length : size.max;
  const check = (value: CanonicalValue, path: string): Uint8Array =>
    value instanceof Uint8Array && value.length >= min && value.length <= max
      ? value
      : mismatch(path, min === max ? `${max} bytes` : `${min} to ${max} bytes`);
  return { encode: (value) => check(value, ''), decode: (value, path = '') => check(value, path) };
}

/** Text of at most `max` and at least `min` (default 0) bytes of UTF-8. */
export function text(size: { max: number; min?: number }): Schema<string> {
  const min = size.min ?? 0;
  const check = (value: CanonicalValue, path: string): string => {
    if (typeof value !== 'string') return mismatch(path, 'text');
    const length = new TextEncoder().encode(value).length;
    return length >= min && length <= size.max ? value : mismatch(path, `text of ${min} to ${size.max} bytes`);
  };
  return { encode: (value) => check(value, ''), decode: (value, path = '') => check(value, path) };
}

/** Exactly this number or text: format numbers and domain tags. */
export function literal<const V extends number | string>(expected: V): Schema<V> {
  const check = (value: CanonicalValue, path: string): V =>
    value === expected ? expected : mismatch(path, JSON.stringify(expected));
  return { encode: (value) => check(value, ''), decode: (value, path = '') => check(value, path) };
}

/** A boolean, written as 0 or 1. */
export const flag: Schema<boolean> = {
  encode: (value) => (value ? 1 : 0),
  decode: (value, path = '') => (value === 0 ? false : value === 1 ? true : mismatch(path, '0 or 1')),
};

/** An optional, written as an array of none or one. */
export function optional<T>(item: Schema<T>): Schema<T | undefined> {
  return {
    encode: (value) => (value === undefined ? [] : [item.encode(value)]),
    decode(value, path = '') {
      const items = arrayOf(value, path);
      if (items.length > 1) mismatch(path, 'an array of none or one');
      return items[0] === undefined ? undefined : item.decode(items[0], `${path}[0]`);
    },
  };
}

/** An array of `min` (default 0) to `max` items of one kind. */
export function list<T>(item: Schema<T>, size: { max: number; min?: number }): Schema<readonly T[]> {
  const min = size.min ?? 0;
  const checkLength = (length: number, path: string): void => {
    if (length < min || length > size.max) mismatch(path, `${min} to ${size.max} items`);
  };
  return {
    encode(value) {
      checkLength(value.length, '');
      return value.map((entry) => item.encode(entry));
    },
    decode(value, path = '') {
      const items = arrayOf(value, path);
      checkLength(items.length, path);
      return items.map((entry, index) => item.decode(entry, `${path}[${index}]`));
    },
  };
}

/** A positional array of different kinds. */
export function tuple<const S extends readonly AnySchema[]>(
  ...schemas: S
): Schema<{ readonly [K in keyof S]: Infer<S[K]> }> {
  type Value = { readonly [K in keyof S]: Infer<S[K]> };
  return {
    encode: (value) => schemas.map((schema, index) => schema.encode(value[index] as never)),
    decode(value, path = '') {
      const items = arrayOf(value, path);
      if (items.length !== schemas.length) mismatch(path, `${schemas.length} items`);
      return schemas.map((schema, index) =>
        schema.decode(items[index] as CanonicalValue, `${path}[${index}]`),
      ) as unknown as Value;
    },
  };
}

/** An object written as a positional array: the order of `fields` is the format. */
export function struct<const F extends Readonly<Record<string, AnySchema>>>(
  fields: F,
): Schema<{ readonly [K in keyof F]: Infer<F[K]> }> {
  type Value = { readonly [K in keyof F]: Infer<F[K]> };
  const entries = Object.entries(fields) as [keyof F & string, Schema<unknown>][];
  return {
    encode: (value) => entries.map(([name, schema]) => schema.encode(value[name])),
    decode(value, path = '') {
      const items = arrayOf(value, path);
      if (items.length !== entries.length) mismatch(path, `${entries.length} fields`);
      const object: Record<string, unknown> = {};
      entries.forEach(([name, schema], index) => {
        object[name] = schema.decode(items[index] as CanonicalValue, path === '' ? name : `${path}.${name}`);
      });
      return object as Value;
    },
  };
}

/** A key or signature of `length` bytes, written as [algorithm, bytes] with 1 = Ed25519; any other algorithm is refused. */
export function algorithmBytes(length: number): Schema<Uint8Array> {
  const inner = tuple(literal(1), bytes({ length }));
  return {
    encode: (value) => inner.encode([1, value]),
    decode: (value, path = '') => inner.decode(value, path)[1],
  };
}

function arrayOf(value: CanonicalValue, path: string): readonly CanonicalValue[] {
  return Array.isArray(value) ? (value as readonly CanonicalValue[]) : mismatch(path, 'an array');
}

function mismatch(path: string, expected: string): never {
  throw new PrimitivesError(
    { code: 'SCHEMA_MISMATCH', path },
    `expected ${expected}${path === '' ? '' : ` at ${path}`}`,
  );
}
