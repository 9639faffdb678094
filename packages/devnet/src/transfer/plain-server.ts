/** The floor: an HTTPS server that reads, hashes and sends the files of a folder, and does nothing else. A process of its own. */
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const CHUNK_BYTES = 256 * 1024;
const { values } = parseArgs({
  options: { folder: { type: 'string' }, key: { type: 'string' }, cert: { type: 'string' } },
});
const { folder = '', key = '', cert = '' } = values;

const server = createServer(
  { key: readFileSync(key), cert: readFileSync(cert), minVersion: 'TLSv1.3' },
  (request, response) => {
    request.resume();
    void (async () => {
      const hash = createHash('sha256');
      for (const name of (await readdir(folder)).sort()) {
        for await (const chunk of createReadStream(join(folder, name), { highWaterMark: CHUNK_BYTES })) {
          hash.update(chunk as Buffer);
          if (!response.write(chunk)) await new Promise((resolve) => response.once('drain', resolve));
        }
      }
      response.end(hash.digest());
    })();
  },
);
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ event: 'listening', url: `https://127.0.0.1:${port}/` }));
});
process.once('SIGTERM', () => process.exit(0));
