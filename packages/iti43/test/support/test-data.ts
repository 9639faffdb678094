import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../../tests/data/iti43/', import.meta.url));

/** A file of tests/data/iti43; see ORIGIN.md there. */
export function testData(path: string): Buffer {
  return readFileSync(`${folder}${path}`);
}

export function testDataPath(path: string): string {
  return `${folder}${path}`;
}

export interface CapturedMessage {
  readonly startLine: string;
  readonly contentType: string;
  readonly body: Buffer;
}

/** Takes a captured HTTP/1.1 message apart, chunked transfer coding included. */
export function captured(path: string): CapturedMessage {
  const bytes = testData(path);
  const end = bytes.indexOf('\r\n\r\n');
  const [startLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const rest = bytes.subarray(end + 4);
  const chunked =
    headers.get('transfer-encoding') === 'chunked' && /^[0-9a-f]+\r\n/i.test(rest.toString('latin1', 0, 16));
  return { startLine, contentType: headers.get('content-type') ?? '', body: chunked ? unchunk(rest) : rest };
}

function unchunk(bytes: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (size === 0) return Buffer.concat(chunks);
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}

/** 00..FF, 00..29, 0D 0A: the document of the JAX-WS RI captures; its CR LF belongs to it. */
export const capturedDocument = Buffer.from([
  ...Array.from({ length: 256 }, (_, value) => value),
  ...Array.from({ length: 42 }, (_, value) => value),
  0x0d,
  0x0a,
]);

export async function* inChunks(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % Math.max(1, sizes.length)] ?? bytes.length);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

export async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}
