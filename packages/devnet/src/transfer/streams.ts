/** Both ways to get a study, into nothing or onto the disk: signed ITI-43 from a gateway, and the same files over bare HTTPS. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { retrieveDocuments } from '@radledger/iti43/client';
import type { Signer } from '@radledger/primitives';
import type { Endpoint, Wish } from '../document-consumer.js';

export interface Received {
  readonly bytes: number;
  readonly seconds: number;
}

export interface StreamOptions {
  /** Where the bytes go; undefined: hashed and forgotten. */
  readonly file: string | undefined;
  /** Told when the first byte of the document arrives. */
  readonly onFirst?: () => Promise<void>;
}

export async function overIti43(
  { endpoint, wish, signer }: { readonly endpoint: Endpoint; readonly wish: Wish; readonly signer: Signer },
  options: StreamOptions,
): Promise<Received> {
  const began = performance.now();
  const result = await retrieveDocuments({
    endpoint: endpoint.url,
    documents: [wish],
    signer,
    tls: { pins: [endpoint.pin] },
    limits: { responseBytesMax: Number.MAX_SAFE_INTEGER },
  });
  try {
    let bytes = 0;
    for await (const { content } of result.documents) bytes += await consume(content, options);
    if (bytes === 0) throw new Error(`nothing came: ${result.errors.map(({ errorCode }) => errorCode).join()}`);
    return { bytes, seconds: (performance.now() - began) / 1_000 };
  } finally {
    result.close();
  }
}

export async function overHttps(url: string, options: StreamOptions): Promise<Received> {
  const began = performance.now();
  const request = httpsRequest(url, { agent: false, minVersion: 'TLSv1.3', rejectUnauthorized: false });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const bytes = await consume(response as AsyncIterable<Uint8Array>, options);
  return { bytes, seconds: (performance.now() - began) / 1_000 };
}

/** Hashes every byte, and writes it when there is a file; synced at the end. */
async function consume(content: AsyncIterable<Uint8Array>, { file, onFirst }: StreamOptions): Promise<number> {
  const hash = createHash('sha256');
  const handle = file === undefined ? undefined : await open(file, 'w');
  let bytes = 0;
  try {
    for await (const chunk of content) {
      if (bytes === 0) await onFirst?.();
      hash.update(chunk);
      await handle?.write(chunk);
      bytes += chunk.length;
    }
    await handle?.sync();
  } finally {
    await handle?.close();
  }
  hash.digest();
  return bytes;
}
