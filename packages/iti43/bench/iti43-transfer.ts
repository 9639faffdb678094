// Question: what does ITI-43 (signature, SOAP, MTOM) cost beside the HTTPS stream that it rides on? (design section 6)
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { Worker } from 'node:worker_threads';
import { retrieveDocuments } from '@radledger/iti43/client';
import { createSigner, generateSeed } from '@radledger/primitives';
import { spkiPinOf } from '@radledger/iti43';
import { generate } from 'selfsigned';

const REPOSITORY = 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025';

/**
 * Transfers `bytes` through client and server over TLS 1.3 on the loopback interface, the server in its own thread; the
 * floor is a bare HTTPS stream between the same ends. Both ends of both hash every byte (SHA-256).
 */
export async function run({ bytes = 1024 ** 3, rounds = 3 }: { bytes?: number; rounds?: number } = {}): Promise<{
  name: string;
  figure: number;
  unit: string;
  floor: number;
  floorName: string;
  ratio: number;
  target: number;
}> {
  const pem = await generate([{ name: 'commonName', value: 'bench' }], { keyType: 'ec', algorithm: 'sha256' });
  const worker = new Worker(new URL('../bench/transfer-server.mjs', import.meta.url), {
    workerData: { bytes, key: pem.private, cert: pem.cert, repositoryUniqueId: REPOSITORY },
  });
  try {
    const [{ plain, endpoint }] = (await once(worker, 'message')) as [{ plain: string; endpoint: string }];
    const pin = spkiPinOf(pem.cert);
    const signer = await createSigner(generateSeed());
    const retrieve = async (): Promise<string> => {
      const { documents } = await retrieveDocuments({
        endpoint,
        documents: [{ repositoryUniqueId: REPOSITORY, documentUniqueId: 'study' }],
        signer,
        tls: { pins: [pin] },
        limits: { responseBytesMax: bytes + 65_536 },
      });
      let digest = '';
      for await (const { content } of documents) digest = await hashOf(content);
      return digest;
    };
    const figures: number[] = [];
    const floors: number[] = [];
    for (let round = 0; round < rounds; round++) {
      floors.push(await rate(worker, bytes, () => download(plain, pem.cert)));
      figures.push(await rate(worker, bytes, retrieve));
    }
    const figure = median(figures);
    const floor = median(floors);
    return {
      name: 'iti43-transfer',
      figure,
      unit: 'MiB/s',
      floor,
      floorName: 'HTTPS stream, both ends hash',
      ratio: figure / floor,
      target: 0.8,
    };
  } finally {
    await worker.terminate();
  }
}

async function rate(worker: Worker, bytes: number, transfer: () => Promise<string>): Promise<number> {
  const sent = once(worker, 'message') as Promise<[{ sent: string }]>;
  const start = performance.now();
  const received = await transfer();
  const seconds = (performance.now() - start) / 1000;
  if ((await sent)[0].sent !== received) throw new Error('the bytes changed on their way');
  return bytes / 1024 ** 2 / seconds;
}

async function download(url: string, certificate: string): Promise<string> {
  const outgoing = request(url, {
    ca: certificate,
    checkServerIdentity: () => undefined,
    minVersion: 'TLSv1.3',
    agent: false,
  });
  outgoing.end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  return hashOf(response);
}

async function hashOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of content) hash.update(chunk);
  return hash.digest('hex');
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
