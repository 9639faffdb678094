/** A node votes only with a sign-log that is whole; copies of a folder never vote twice. */
import { cp, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import {
  heightReached,
  type ProcessNet,
  type ProcessNode,
  prepareNet,
  statusOf,
  votingDecided,
} from './support/processes.js';

let net: ProcessNet | undefined;
afterEach(async () => {
  await net?.close();
  net = undefined;
});

const apiOf = (node: ProcessNode): string => node.process?.api ?? '';

async function kill(node: ProcessNode): Promise<void> {
  node.process?.child.kill('SIGKILL');
  await node.process?.exited;
}

/** Four nodes, the last of which has voted for some heights and is down. */
async function withFourthDown(): Promise<{ net: ProcessNet; first: ProcessNode; fourth: ProcessNode }> {
  net = await prepareNet(4, { targetIntervalMs: 150 });
  const own = net;
  for (const node of own.nodes) await own.start(node);
  const [first, , , fourth] = own.nodes;
  if (!first || !fourth) throw new Error('expected four nodes');
  await heightReached(apiOf(fourth), 4);
  await kill(fourth);
  return { net: own, first, fourth };
}

test('a copied folder does not vote when peers show newer votes, and says why', async () => {
  const { net, first, fourth } = await withFourthDown();
  const copy = { ...fourth, folder: join(net.folder, 'copy'), config: join(net.folder, 'copy', 'node.toml') };
  await cp(fourth.folder, copy.folder, { recursive: true });
  await net.start(fourth);
  await heightReached(apiOf(fourth), (await statusOf(apiOf(first))).height + 4);
  expect(await votingDecided(fourth, first)).toEqual({ allowed: true, reason: null });
  await heightReached(apiOf(fourth), (await statusOf(apiOf(first))).height + 4);
  await kill(fourth);
  const running = await net.start(copy);
  expect(await votingDecided(copy, first)).toEqual({ allowed: false, reason: 'SIGN_LOG_OLD' });
  await heightReached(running.api, (await statusOf(apiOf(first))).height + 2);
  expect(running.log()).toContain('"reason":"SIGN_LOG_OLD","msg":"this node does not vote"');
  await kill(copy);
}, 240_000);

test('a torn sign-log that lost votes does not vote', async () => {
  const { net, first, fourth } = await withFourthDown();
  const log = join(fourth.folder, 'sign-log');
  await truncate(log, Math.floor((await readFile(log)).length / 3));
  await net.start(fourth);
  expect(await votingDecided(fourth, first)).toEqual({ allowed: false, reason: 'SIGN_LOG_OLD' });
}, 240_000);
