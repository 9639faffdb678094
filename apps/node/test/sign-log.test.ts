/** A node votes only with a sign-log that is whole; copies of a folder never vote twice. */
import { cp, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { createSignLog } from '@radledger/storage';
import { expect, test } from 'vitest';
import {
  apiOf,
  end,
  heightReached,
  netForTest,
  type ProcessNet,
  type ProcessNode,
  statusOf,
  votingDecided,
} from './support/processes.js';

/** Four nodes, the last of which is down; every block up to height 4 needed its votes, so the peers hold them. */
async function withFourthDown(): Promise<{ net: ProcessNet; first: ProcessNode; fourth: ProcessNode }> {
  const net = await netForTest(4, { targetIntervalMs: 150 });
  const [first, second, third, fourth] = net.nodes;
  if (!first || !second || !third || !fourth) throw new Error('expected four nodes');
  for (const node of [first, third, fourth]) await net.start(node);
  await heightReached(apiOf(fourth), 4);
  await end(fourth, 'SIGKILL');
  await net.start(second);
  return { net, first, fourth };
}

test('a copied folder does not vote when peers show newer votes, and says why', async () => {
  const { net, first, fourth } = await withFourthDown();
  const copy = { ...fourth, folder: join(net.folder, 'copy'), config: join(net.folder, 'copy', 'node.toml') };
  await cp(fourth.folder, copy.folder, { recursive: true });
  await net.start(fourth);
  await heightReached(apiOf(fourth), (await statusOf(apiOf(first))).height + 4);
  expect(await votingDecided(fourth, first)).toEqual({ allowed: true, reason: null });
  await heightReached(apiOf(fourth), (await statusOf(apiOf(first))).height + 4);
  await end(fourth, 'SIGKILL');
  const running = await net.start(copy);
  expect(await votingDecided(copy, first)).toEqual({ allowed: false, reason: 'SIGN_LOG_OLD' });
  await heightReached(running.api, (await statusOf(apiOf(first))).height + 2);
  expect(running.log()).toContain('"reason":"SIGN_LOG_OLD","msg":"this node does not vote"');
  await end(copy, 'SIGKILL');
}, 240_000);

test('a torn sign-log that lost votes does not vote', async () => {
  const { net, first, fourth } = await withFourthDown();
  // Torn within its first record: the peers hold later votes than the log.
  const empty = join(net.folder, 'empty-sign-log');
  await createSignLog(empty, { nodeKey: new Uint8Array(32), createdAtMs: 0 });
  await truncate(join(fourth.folder, 'sign-log'), (await stat(empty)).size + 16);
  await net.start(fourth);
  expect(await votingDecided(fourth, first)).toEqual({ allowed: false, reason: 'SIGN_LOG_OLD' });
}, 240_000);
