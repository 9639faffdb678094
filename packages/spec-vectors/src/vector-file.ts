import type { CanonicalValue } from '@radledger/primitives';
import { toHex } from '@radledger/primitives';

/** One file of vectors: a page of docs/spec and the cases that show it. */
export interface VectorFile {
  readonly name: string;
  /** The page of docs/spec that says how `output` follows from `input`. */
  readonly spec: string;
  readonly cases: readonly VectorCase[];
}

/** `input` and `output` are JSON; bytes are lower-case hex. */
export interface VectorCase {
  readonly name: string;
  readonly input: unknown;
  readonly output: unknown;
}

/** A canonical value as JSON: integers stay, text becomes { text }, bytes { hex }, arrays arrays. */
export function canonicalAsJson(value: CanonicalValue): unknown {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return { text: value };
  if (value instanceof Uint8Array) return { hex: toHex(value) };
  return value.map(canonicalAsJson);
}

/** 32 bytes that name themselves: SHA-256 is not needed to read a vector. */
export function fill(byte: number, length = 32): Uint8Array {
  return new Uint8Array(length).fill(byte);
}

/** Bytes to hex, through any nesting; absent values are dropped. */
export function asJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(asJson);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, entry]) => entry !== undefined)
        .map(([name, entry]) => [name, asJson(entry)]),
    );
  }
  return value;
}
