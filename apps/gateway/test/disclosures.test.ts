/** `radledger-gateway disclosures`: what the privacy office opens in a spreadsheet. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseConfig } from '../src/config.js';
import { disclosureLines } from '../src/disclosures.js';

test('CSV with a head; names cannot be formulas or break a line; a gateway that is away is said', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'radledger-disclosures-'));
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization}`);
    const disclosure = {
      time: '2026-01-01T00:00:00.000Z',
      studyInstanceUid: '2.25.1',
      receiver: 'cd'.repeat(32),
      displayName: '+practice',
      origin: 'operator',
      what: 'file-set',
      purpose: 'released',
      readings: 1,
      bytes: 7,
      outcome: 'success',
    };
    const names = ['=cmd()', 'Roe, "Jane"\nRoe', null];
    response.end(names.map((receiverName) => `${JSON.stringify({ ...disclosure, receiverName })}\n`).join(''));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const token = 't'.repeat(32);
  await writeFile(join(folder, 'operator-token'), token, { mode: 0o600 });
  const text = `node = "http://127.0.0.1:1"\n[api]\nhost = "127.0.0.1"\nport = 0\n[operator]\nhost = "127.0.0.1"\nport = ${port}\n[source]\nfolder = "a"\n[source.iti43]\nhost = "127.0.0.1"\nport = 0\n`;
  const config = parseConfig(text, join(folder, 'gateway.toml'));
  const read = async (): Promise<string[]> => {
    const lines: string[] = [];
    for await (const line of disclosureLines(config, { from: 1, to: 2, study: '2.25.1' })) lines.push(line);
    return lines;
  };
  const rest = `${'cd'.repeat(32)},'+practice,operator,file-set,released,1,7,success`;
  expect(await read()).toEqual([
    'time,studyInstanceUid,receiverName,receiver,displayName,origin,what,purpose,readings,bytes,outcome',
    `2026-01-01T00:00:00.000Z,2.25.1,'=cmd(),${rest}`,
    `2026-01-01T00:00:00.000Z,2.25.1,"Roe, ""Jane""\nRoe",${rest}`,
    `2026-01-01T00:00:00.000Z,2.25.1,,${rest}`,
  ]);
  expect(asked).toEqual([`/v1/disclosures?from=1&to=2&studyInstanceUid=2.25.1 Bearer ${token}`]);
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  await expect(read()).rejects.toMatchObject({ code: 'GATEWAY_UNREACHABLE' });
  await rm(folder, { recursive: true });
});
