/** Streams the parts of a multipart body, octet exact and in constant memory. Source: RFC 2046, section 5.1; RFC 2387. */
import { MultipartError, type MultipartProblem } from './errors.js';

export interface MultipartOptions {
  /** Longest header block of one part; default 16 384. */
  readonly headerBytesMax?: number;
  /** Most parts; default 1100. */
  readonly partsMax?: number;
  /** Longest text before the first and after the last boundary; default 8192. */
  readonly surroundBytesMax?: number;
  /** Makes what is thrown; default a `MultipartError`. For packages with an error class of their own. */
  readonly errorOf?: (problem: MultipartProblem, message: string) => Error;
}

export interface MultipartPart {
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Every octet between the blank line and the CRLF that belongs to the boundary. Unread octets are skipped. */
  readonly body: AsyncIterable<Uint8Array>;
}

const CRLF = Buffer.from('\r\n');
const BLANK_LINE = Buffer.from('\r\n\r\n');
const DASH = 0x2d;
const CR = 0x0d;
const LF = 0x0a;

/**
 * Reads parts one after the other; asking for the next skips what is left of the last. Reads from `source` only when a
 * part's bytes are asked for, so a slow reader slows the sender.
 * @param boundary - 1 to 70 characters (RFC 2046, section 5.1.1)
 * @throws {MultipartError} `MALFORMED` | `TOO_LARGE`, or what `errorOf` makes of them
 */
export async function* readMultipart(
  source: AsyncIterable<Uint8Array>,
  boundary: string,
  options: MultipartOptions = {},
): AsyncGenerator<MultipartPart, void, undefined> {
  const { headerBytesMax = 16_384, partsMax = 1100, surroundBytesMax = 8192 } = options;
  const refuse = refusalsOf(options.errorOf ?? ((problem, message) => new MultipartError(problem, message)));
  if (!/^[\x20-\x7e]{1,70}$/.test(boundary) || boundary.endsWith(' ')) {
    throw refuse.malformed('boundary', 'a boundary has 1 to 70 printable characters and no space at its end');
  }
  const input = new DelimitedInput(source, boundary, refuse);
  try {
    await input.skipPreamble(surroundBytesMax);
    for (let parts = 0; !(await input.atClose()); parts++) {
      if (parts === partsMax) throw refuse.tooLarge('partsMax', partsMax);
      const headers = parseHeaders(await input.readHeaderBlock(headerBytesMax), refuse);
      await input.beginBody();
      // No `return`: a reader that breaks off early must not stop us from finding the next boundary.
      const iterator: AsyncIterator<Uint8Array, undefined> = { next: () => input.nextOfBody() };
      yield { headers, body: { [Symbol.asyncIterator]: () => iterator } };
      while ((await input.nextOfBody()).done !== true);
    }
    await input.skipEpilogue(surroundBytesMax);
  } finally {
    await input.close();
  }
}

/** A window over the incoming bytes that knows one delimiter. */
class DelimitedInput {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #delimiter: Buffer;
  readonly #refuse: Refusals;
  // RFC 2046: the CRLF before a boundary belongs to it, and the first boundary may open the body: so pretend it had one.
  #window: Buffer = CRLF;
  #ended = false;
  #inBody = false;

  constructor(source: AsyncIterable<Uint8Array>, boundary: string, refuse: Refusals) {
    this.#refuse = refuse;
    this.#iterator = source[Symbol.asyncIterator]();
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  }

  async skipPreamble(bytesMax: number): Promise<void> {
    this.#inBody = true;
    let skipped = 0;
    for (let step = await this.nextOfBody(); step.done !== true; step = await this.nextOfBody()) {
      skipped += step.value.length;
      if (skipped > bytesMax) throw this.#refuse.tooLarge('surroundBytesMax', bytesMax);
    }
  }

  /** After a delimiter: whether it is the closing one; otherwise moves to the CRLF that ends its line. */
  async atClose(): Promise<boolean> {
    await this.#need(2);
    if (this.#window[0] === DASH && this.#window[1] === DASH) {
      this.#window = this.#window.subarray(2);
      return true;
    }
    // Transport padding may follow a boundary; anything else would make it the boundary of someone else.
    for (let padding = 0; this.#window[0] === 0x20 || this.#window[0] === 0x09; padding++) {
      if (padding === 256) throw this.#refuse.malformed('boundary-line', 'too much white space after a boundary');
      this.#window = this.#window.subarray(1);
      await this.#need(2);
    }
    if (this.#window[0] !== CR || this.#window[1] !== LF) {
      throw this.#refuse.malformed('boundary-line', 'a boundary must be followed by CRLF, or by -- at the end');
    }
    return false;
  }

  /** The header block without its blank line; leaves that line's CRLF, which may be the one of the next boundary. */
  async readHeaderBlock(bytesMax: number): Promise<string> {
    for (;;) {
      const end = this.#window.indexOf(BLANK_LINE);
      if (end > bytesMax || (end < 0 && this.#window.length > bytesMax + BLANK_LINE.length)) {
        throw this.#refuse.tooLarge('headerBytesMax', bytesMax);
      }
      if (end >= 0) {
        const block = this.#window.toString('latin1', 0, end);
        this.#window = this.#window.subarray(end + CRLF.length);
        return block;
      }
      await this.#need(this.#window.length + 1);
    }
  }

  /** Steps over the blank line, unless headers, blank line and boundary follow each other: then there is no body. */
  async beginBody(): Promise<void> {
    await this.#need(this.#delimiter.length);
    const empty = this.#window.indexOf(this.#delimiter) === 0;
    this.#window = this.#window.subarray(empty ? this.#delimiter.length : CRLF.length);
    this.#inBody = !empty;
  }

  /** Octets of the body up to the delimiter, which it steps over. One promise a chunk: this is the path of every byte. */
  async nextOfBody(): Promise<IteratorResult<Uint8Array, undefined>> {
    while (this.#inBody) {
      const at = this.#window.indexOf(this.#delimiter);
      const end = at >= 0 ? at : this.#possibleDelimiterStart();
      const chunk = this.#window.subarray(0, end);
      this.#window = this.#window.subarray(at >= 0 ? at + this.#delimiter.length : end);
      if (at >= 0) this.#inBody = false;
      if (chunk.length > 0) return { done: false, value: chunk };
      if (at < 0) await this.#need(this.#window.length + 1);
    }
    return { done: true, value: undefined };
  }

  async skipEpilogue(bytesMax: number): Promise<void> {
    let skipped = this.#window.length;
    this.#window = Buffer.alloc(0);
    while (skipped <= bytesMax && (await this.#pull())) {
      skipped += this.#window.length;
      this.#window = Buffer.alloc(0);
    }
    if (skipped > bytesMax) throw this.#refuse.tooLarge('surroundBytesMax', bytesMax);
  }

  async close(): Promise<void> {
    if (!this.#ended) {
      this.#ended = true;
      await this.#iterator.return?.();
    }
  }

  /** Where the delimiter may have begun at the end of the window: only that much is held back. */
  #possibleDelimiterStart(): number {
    const { length } = this.#window;
    let from = Math.max(0, length - this.#delimiter.length + 1);
    for (;;) {
      from = this.#window.indexOf(CR, from);
      if (from < 0) return length;
      if (this.#window.compare(this.#delimiter, 0, length - from, from, length) === 0) return from;
      from++;
    }
  }

  async #need(bytes: number): Promise<void> {
    while (this.#window.length < bytes) {
      if (!(await this.#pull())) throw this.#refuse.malformed('truncated', 'the body ends before its closing boundary');
    }
  }

  async #pull(): Promise<boolean> {
    const step = await this.#iterator.next();
    if (step.done === true) {
      this.#ended = true;
      return false;
    }
    const chunk = Buffer.from(step.value.buffer, step.value.byteOffset, step.value.byteLength);
    this.#window = this.#window.length === 0 ? chunk : Buffer.concat([this.#window, chunk]);
    return true;
  }
}

/** RFC 5322 fields, unfolded; the block begins with the CRLF of the boundary line. */
function parseHeaders(block: string, refuse: Refusals): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const line of block.replace(/\r\n(?=[ \t])/g, '').split('\r\n')) {
    if (line === '') continue;
    const match = /^([!-9;-~]+)[ \t]*:[ \t]*(.*?)[ \t]*$/s.exec(line);
    const name = match?.[1]?.toLowerCase();
    const value = match?.[2];
    if (name === undefined || value === undefined || /[\r\n\0]/.test(value)) {
      throw refuse.malformed('header-line', 'a part header must read Name: value');
    }
    if (headers.has(name)) throw refuse.malformed('header-repeated', 'a part header stands once');
    headers.set(name, value);
  }
  return headers;
}

interface Refusals {
  malformed(rule: string, message: string): Error;
  tooLarge(limit: string, max: number): Error;
}

function refusalsOf(errorOf: NonNullable<MultipartOptions['errorOf']>): Refusals {
  return {
    malformed: (rule, message) => errorOf({ code: 'MALFORMED', rule }, message),
    tooLarge: (limit, max) =>
      errorOf({ code: 'TOO_LARGE', limit, max }, `the multipart body exceeds ${limit} = ${max}`),
  };
}
