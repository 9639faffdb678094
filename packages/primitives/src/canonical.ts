/**
 * Canonical bytes: the subset of MessagePack in which everything hashed or signed is written.
 * Spec: docs/spec/canonical-encoding.md. Why not a general MessagePack library: docs/adr/0001-canonical-codec.md.
 */
import { PrimitivesError } from './errors.js';

/** Unsigned integers below 2^53, UTF-8 text, byte strings and arrays of these: nothing else has canonical bytes. */
export type CanonicalValue = number | string | Uint8Array | readonly CanonicalValue[];

export interface DecodeLimits {
  /** Longest input accepted, in bytes. */
  readonly bytesMax: number;
  /** Deepest nesting of arrays accepted; default 16. */
  readonly depthMax?: number;
}

const DEPTH_MAX = 16;
/** One buffer that every encoding starts in: encoding is synchronous, so two never overlap. */
const scratch = new Uint8Array(4096);
const UTF8_ENCODER = new TextEncoder();
const UTF8_DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The one byte string of a value: every integer and length in its shortest form, integers from 2^32 as uint64.
 * @throws {PrimitivesError} `SCHEMA_MISMATCH` for a number that is not an integer in 0..2^53-1, or a lone surrogate
 */
export function encodeCanonical(value: CanonicalValue): Uint8Array {
  const writer = new Writer();
  writer.value(value, 0);
  return writer.finish();
}

/**
 * The value of canonical bytes; the returned byte strings are copies.
 * @throws {PrimitivesError} `TOO_LARGE` | `TOO_DEEP` | `NOT_CANONICAL`: the bytes are not exactly what `encodeCanonical` writes
 */
export function decodeCanonical(bytes: Uint8Array, limits: DecodeLimits): CanonicalValue {
  if (bytes.length > limits.bytesMax) {
    const info = { code: 'TOO_LARGE', bytes: bytes.length, bytesMax: limits.bytesMax } as const;
    throw new PrimitivesError(info, `expected at most ${limits.bytesMax} bytes`);
  }
  const reader = new Reader(bytes, limits.depthMax ?? DEPTH_MAX);
  const value = reader.value(0);
  reader.expectEnd();
  return value;
}

class Writer {
  private bytes = scratch;
  private length = 0;

  value(value: CanonicalValue, depth: number): void {
    if (typeof value === 'number') this.integer(value);
    else if (typeof value === 'string') this.text(value);
    else if (value instanceof Uint8Array) this.binary(value);
    else if (Array.isArray(value)) {
      if (depth >= DEPTH_MAX) {
        throw new PrimitivesError({ code: 'TOO_DEEP', depthMax: DEPTH_MAX }, 'expected less nesting');
      }
      this.head(value.length, 0x90, 15, undefined, 0xdc, 0xdd);
      for (const item of value as readonly CanonicalValue[]) this.value(item, depth + 1);
    } else {
      throw new PrimitivesError(
        { code: 'SCHEMA_MISMATCH', path: '' },
        'only integers, text, bytes and arrays have canonical bytes',
      );
    }
  }

  finish(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  private integer(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new PrimitivesError({ code: 'SCHEMA_MISMATCH', path: '' }, 'expected an integer from 0 to 2^53 - 1');
    }
    if (value < 0x80) this.put(value, 1);
    else if (value < 0x100) this.put(0xcc, 1, value, 1);
    else if (value < 0x10000) this.put(0xcd, 1, value, 2);
    else if (value < 0x100000000) this.put(0xce, 1, value, 4);
    else this.put(0xcf, 1, value, 8);
  }

  private text(value: string): void {
    if (!value.isWellFormed()) {
      throw new PrimitivesError({ code: 'SCHEMA_MISMATCH', path: '' }, 'expected text without lone surrogates');
    }
    if (this.shortAscii(value)) return;
    const encoded = UTF8_ENCODER.encode(value);
    this.head(encoded.length, 0xa0, 31, 0xd9, 0xda, 0xdb);
    this.raw(encoded);
  }

  /** Domain tags and codes, the usual texts, without the detour through an encoder. */
  private shortAscii(value: string): boolean {
    if (value.length > 31) return false;
    this.reserve(value.length + 1);
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code >= 0x80) return false;
      this.bytes[this.length + 1 + i] = code;
    }
    this.bytes[this.length] = 0xa0 | value.length;
    this.length += value.length + 1;
    return true;
  }

  private binary(value: Uint8Array): void {
    this.head(value.length, undefined, -1, 0xc4, 0xc5, 0xc6);
    this.raw(value);
  }

  private head(
    length: number,
    fix: number | undefined,
    fixMax: number,
    one: number | undefined,
    two: number,
    four: number,
  ): void {
    if (fix !== undefined && length <= fixMax) this.put(fix | length, 1);
    else if (one !== undefined && length < 0x100) this.put(one, 1, length, 1);
    else if (length < 0x10000) this.put(two, 1, length, 2);
    else this.put(four, 1, length, 4);
  }

  private put(first: number, firstWidth: number, second = 0, secondWidth = 0): void {
    this.reserve(firstWidth + secondWidth);
    this.bigEndian(first, firstWidth);
    this.bigEndian(second, secondWidth);
  }

  private bigEndian(value: number, width: number): void {
    let rest = value;
    for (let i = width - 1; i >= 0; i--) {
      this.bytes[this.length + i] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    this.length += width;
  }

  private raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  private reserve(extra: number): void {
    if (this.length + extra <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + extra));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}

class Reader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private offset = 0;

  constructor(
    bytes: Uint8Array,
    private readonly depthMax: number,
  ) {
    // A plain view: the `slice` of a Node Buffer would share memory instead of copying.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  value(depth: number): CanonicalValue {
    const type = this.uint(1);
    if (type < 0x80) return type;
    if (type < 0x90) return this.refuse('expected no maps');
    if (type < 0xa0) return this.array(type & 0x0f, depth);
    if (type < 0xc0) return this.text(type & 0x1f);
    switch (type) {
      case 0xc4:
        return this.binary(this.uint(1));
      case 0xc5:
        return this.binary(this.atLeast(this.uint(2), 0x100));
      case 0xc6:
        return this.binary(this.atLeast(this.uint(4), 0x10000));
      case 0xcc:
        return this.atLeast(this.uint(1), 0x80);
      case 0xcd:
        return this.atLeast(this.uint(2), 0x100);
      case 0xce:
        return this.atLeast(this.uint(4), 0x10000);
      case 0xcf:
        return this.uint64();
      case 0xd9:
        return this.text(this.atLeast(this.uint(1), 32));
      case 0xda:
        return this.text(this.atLeast(this.uint(2), 0x100));
      case 0xdb:
        return this.text(this.atLeast(this.uint(4), 0x10000));
      case 0xdc:
        return this.array(this.atLeast(this.uint(2), 16), depth);
      case 0xdd:
        return this.array(this.atLeast(this.uint(4), 0x10000), depth);
      default:
        return this.refuse('expected an unsigned integer, text, bytes or an array');
    }
  }

  expectEnd(): void {
    if (this.offset !== this.bytes.length) this.refuse('expected no bytes after the value');
  }

  private uint64(): number {
    const high = this.uint(4);
    const low = this.uint(4);
    if (high >= 0x200000) return this.refuse('expected an integer below 2^53');
    return this.atLeast(high * 0x100000000 + low, 0x100000000);
  }

  private uint(width: 1 | 2 | 4): number {
    this.available(width);
    const at = this.offset;
    this.offset += width;
    return width === 1 ? this.view.getUint8(at) : width === 2 ? this.view.getUint16(at) : this.view.getUint32(at);
  }

  private atLeast(value: number, minimum: number): number {
    return value < minimum ? this.refuse('expected the shortest form of an integer or length') : value;
  }

  private binary(length: number): Uint8Array {
    this.available(length);
    const start = this.offset;
    this.offset += length;
    return this.bytes.slice(start, this.offset);
  }

  private text(length: number): string {
    const encoded = this.binary(length);
    try {
      return UTF8_DECODER.decode(encoded);
    } catch {
      return this.refuse('expected well-formed UTF-8');
    }
  }

  private array(length: number, depth: number): CanonicalValue[] {
    if (depth >= this.depthMax) {
      throw new PrimitivesError(
        { code: 'TOO_DEEP', depthMax: this.depthMax },
        `expected at most ${this.depthMax} levels`,
      );
    }
    // Every item takes a byte at least, so a forged length cannot reserve memory.
    this.available(length);
    const items: CanonicalValue[] = [];
    for (let i = 0; i < length; i++) items.push(this.value(depth + 1));
    return items;
  }

  private available(length: number): void {
    if (this.offset + length > this.bytes.length) this.refuse('expected more bytes');
  }

  private refuse(message: string): never {
    throw new PrimitivesError({ code: 'NOT_CANONICAL', offset: this.offset }, message);
  }
}
