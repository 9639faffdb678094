// The sending end of iti43-transfer, in a thread of its own: both paths send the same hashed bytes from one https server.
import { createHash } from 'node:crypto';
import { createServer } from 'node:https';
import { parentPort, workerData } from 'node:worker_threads';
import { createDocumentRepository, listenerOptions } from '@radledger/iti43/server';

const { bytes, key, cert, repositoryUniqueId } = workerData;
const CHUNK = new Uint8Array(256 * 1024).map((_, index) => index * 31);

async function* document() {
  const hash = createHash('sha256');
  for (let left = bytes; left > 0; left -= CHUNK.length) {
    const chunk = left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK;
    hash.update(chunk);
    yield chunk;
  }
  parentPort.postMessage({ sent: hash.digest('hex') });
}

let repository;
const server = createServer({ key, cert, ...listenerOptions }, async (request, response) => {
  if (request.url !== '/plain') {
    repository(request, response);
    return;
  }
  response.writeHead(200, { 'Content-Length': bytes });
  for await (const chunk of document()) {
    if (!response.write(chunk)) await new Promise((resolve) => response.once('drain', resolve));
  }
  response.end();
});
server.listen(0, '127.0.0.1', () => {
  const origin = `https://127.0.0.1:${server.address().port}`;
  const endpoint = `${origin}/xds/iti43`;
  const seen = new Set();
  repository = createDocumentRepository({
    endpointUrl: endpoint,
    repositoryUniqueId,
    replay: {
      remember: async (signer, messageId) => !seen.has(signer + messageId) && seen.add(signer + messageId) !== null,
    },
    retrieve: async ({ documents }) =>
      documents.map(() => ({ kind: 'document', mimeType: 'application/zip', sizeBytes: bytes, open: document })),
  });
  parentPort.postMessage({ plain: `${origin}/plain`, endpoint });
});
