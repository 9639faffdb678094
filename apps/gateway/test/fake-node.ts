/** As much of a node's API as a gateway needs to start: a status, a stream of heartbeats, and proofs that a source is not on the ledger. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFakeNode } from '@radledger/client/testing';
import { publicKeyOf } from '@radledger/primitives';

const CHAIN_ID = 'ab'.repeat(32);

export interface FakeNode {
  readonly url: string;
  close(): Promise<void>;
}

export async function startFakeNode(): Promise<FakeNode> {
  const finalized = {
    height: 7,
    id: '01'.repeat(32),
    timestampMs: 1_767_225_600_000,
    stateRoot: '02'.repeat(32),
    proofAgeMs: 10,
  };
  const voting = { allowed: true, reason: null };
  const about = {
    chainId: CHAIN_ID,
    name: 'test',
    module: 'test/1',
    height: 7,
    peers: 0,
    pendingTransactions: 0,
    nodeKey: null,
  };
  const streams = new Set<ServerResponse>();
  const [source, nodeKey, vrfKey] = await Promise.all(
    [1, 2, 3].map((seed) => publicKeyOf(new Uint8Array(32).fill(seed))),
  );
  if (source === undefined || nodeKey === undefined || vrfKey === undefined) throw new TypeError('three keys');
  const ledger = await createFakeNode({ sources: [{ source, nodeKey, vrfKey }] });
  const proveSource = async (path: string, response: ServerResponse): Promise<void> => {
    const answer = await ledger.fetch(`http://ledger${path}`, {});
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(Buffer.from(await answer.arrayBuffer()));
  };
  const server: Server = createServer((request, response) => {
    if (request.url?.startsWith('/v1/status') === true) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ ...about, finalized, voting, nowMs: 0 }));
    } else if (request.url?.startsWith('/v1/events') === true) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`event: status\ndata: ${JSON.stringify({ height: 7, proofAgeMs: 10, nowMs: 0 })}\n\n`);
      streams.add(response);
    } else if (request.url?.startsWith('/v1/sources/') === true) {
      void proveSource(request.url, response);
    } else {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { code: 'NOT_FOUND', message: '' } }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
