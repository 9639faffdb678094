import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import { afterEach, expect, test } from 'vitest';
import { heightReached, type ProcessNet, prepareNet, runCommand, statusOf } from './support/processes.js';

let net: ProcessNet | undefined;
afterEach(async () => {
  await net?.close();
  net = undefined;
});

test('four processes make blocks; one is killed and comes back; two killed stop the chain until one returns', async () => {
  net = await prepareNet(4, { targetIntervalMs: 300 });
  const own = net;
  const { nodes } = own;
  for (const node of nodes) await own.start(node);
  const apiOf = (index: number): string => nodes[index]?.process?.api ?? '';
  const kill = async (index: number): Promise<void> => {
    nodes[index]?.process?.child.kill('SIGKILL');
    await nodes[index]?.process?.exited;
  };
  await heightReached(apiOf(0), 3);

  await kill(3);
  const { height: whenKilled } = await statusOf(apiOf(0));
  await heightReached(apiOf(0), whenKilled + 5);

  const [third, fourth] = [nodes[2], nodes[3]];
  if (!third || !fourth) throw new Error('expected four nodes');
  const { height: whenBack } = await statusOf(apiOf(0));
  await own.start(fourth);
  await heightReached(apiOf(3), whenBack + 3);
  expect((await statusOf(apiOf(3))).voting.allowed).toBe(true);

  await kill(2);
  await kill(3);
  const { height: stopped } = await statusOf(apiOf(0));
  await own.start(third);
  await heightReached(apiOf(0), stopped + 4);
  await heightReached(apiOf(2), stopped + 4);
}, 60_000);

test('a node that lost its sign-log follows, and votes again in a later epoch', async () => {
  net = await prepareNet(4, { targetIntervalMs: 150, epochHeights: 60 });
  const own = net;
  for (const node of own.nodes) await own.start(node);
  const [first, , , last] = own.nodes;
  if (!first || !last) throw new Error('expected four nodes');
  const api = (): string => last.process?.api ?? '';
  await heightReached(first.process?.api ?? '', 3);
  last.process?.child.kill('SIGKILL');
  await last.process?.exited;
  await rm(join(last.folder, 'sign-log'));
  await own.start(last);
  expect((await statusOf(api())).voting).toEqual({ allowed: false, reason: 'SIGN_LOG_MISSING' });
  // Regression: the first start left an empty log behind, and the second took it for one that records every vote.
  last.process?.child.kill('SIGKILL');
  await last.process?.exited;
  await own.start(last);
  expect((await statusOf(api())).voting).toEqual({ allowed: false, reason: 'SIGN_LOG_MISSING' });
  for (let height = 60; !(await statusOf(api())).voting.allowed; height += 1) await heightReached(api(), height);
  expect((await statusOf(api())).height).toBeGreaterThanOrEqual(60);
}, 60_000);

test('a new node joins by snapshot from the checkpoint that a running one prints, and has no older blocks', async () => {
  net = await prepareNet(4, { targetIntervalMs: 100, epochHeights: 20, expiryHeightsMax: 20 });
  const own = net;
  for (const node of own.nodes) await own.start(node);
  const api = own.nodes[0]?.process?.api ?? '';
  await heightReached(api, 41);
  const printed = await runCommand(['checkpoint', '--api', api]);
  const { checkpoint } = JSON.parse(printed.stdout) as { checkpoint: string };
  expect(checkpoint).toMatch(/^(40|60|80|100):[0-9a-f]{64}$/);
  const joiner = await own.join(`mode = "snapshot"\ncheckpoint = "${checkpoint}"`);
  const { height } = await statusOf(joiner.api);
  expect(height).toBeGreaterThanOrEqual(40);
  await heightReached(joiner.api, height + 5);
  const roots = await Promise.all(
    [api, joiner.api].map(async (at) => {
      const response = await fetch(`${at}/v1/blocks/${height + 5}`);
      return ((await response.json()) as { id: string }).id;
    }),
  );
  expect(roots[0]).toBe(roots[1]);
  expect((await runCommand(['checkpoint', '--api', 'http://127.0.0.1:1'])).code).toBe(15);
}, 120_000);
