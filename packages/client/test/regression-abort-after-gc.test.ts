// What broke: once the garbage collector had run, Node 20's fetch no longer heard an abort, and streams and time limits hung for ever.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createNodeClient, createOperatorClient } from '../src/index.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const STATE = {
  ...{ requestId: 'ab', state: 'allowed', reason: null, wantedUntilMs: null, progress: null },
  ...{ folder: null, code: null, retrievals: [] },
};

let server: Server;
let url: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url?.startsWith('/v1/sources')) response.writeHead(200).write('{'); // never ends its answer
    if (request.url?.endsWith('/events') !== true) return; // never answers
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`data: ${JSON.stringify(STATE)}\n\n`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** Lets every promise and socket settle, then collects what nobody holds, a few times over. */
async function collect(): Promise<void> {
  for (let i = 0; i < 10; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
  }
}

test('a stream ends when its signal aborts', async () => {
  const operator = createOperatorClient({ url, bearerToken: 'token' });
  const abort = new AbortController();
  const states: string[] = [];
  let first: (() => void) | undefined;
  const heard = new Promise<void>((resolve) => (first = resolve));
  const ended = (async () => {
    for await (const { state } of operator.watchRequest('ab', { signal: abort.signal })) {
      states.push(state);
      first?.();
    }
  })();
  await heard;
  await collect();
  abort.abort();
  await ended;
  expect(states).toEqual(['allowed']);
});

test('a request ends when its signal aborts', async () => {
  const abort = new AbortController();
  const asked = createNodeClient({ url }).status({ signal: abort.signal });
  const failed = expect(asked).rejects.toThrow('enough');
  await collect();
  abort.abort(new Error('enough'));
  await failed;
});

test('an answer that never ends is given up when its signal aborts', async () => {
  const abort = new AbortController();
  const asked = createNodeClient({ url }).sources({ signal: abort.signal });
  const failed = expect(asked).rejects.toThrow('enough');
  await once(server, 'request');
  await collect();
  abort.abort(new Error('enough'));
  await failed;
});
