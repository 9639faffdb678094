/** As much of a node's API as a gateway needs to start: a status, a stream of heartbeats, an empty state is never asked for. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

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
  const server: Server = createServer((request, response) => {
    if (request.url?.startsWith('/v1/status') === true) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ ...about, finalized, voting, nowMs: 0 }));
    } else if (request.url?.startsWith('/v1/events') === true) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`event: status\ndata: ${JSON.stringify({ height: 7, proofAgeMs: 10, nowMs: 0 })}\n\n`);
      streams.add(response);
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
