/**
 * A voter's folder is copied, and both start. Peers that have just started hold no newer vote of its key, and each copy asks others
 * than the other: nothing tells them to stop. Then the voters meet, and the ledger puts down that the key signed twice.
 */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { toHex } from '@radledger/primitives';
import { expect, test, vi } from 'vitest';
import { apiOf, end, heightReached, netForTest, type ProcessNode, statusOf } from './support/processes.js';

const EPOCH_HEIGHTS = 24;

const votes = (node: ProcessNode): Promise<void> =>
  vi.waitFor(async () => expect((await statusOf(apiOf(node))).voting).toEqual({ allowed: true, reason: null }), {
    timeout: 60_000,
    interval: 200,
  });

/** How often a source signed twice, by the accounts of the epochs that are closed. */
async function equivocations(api: string, source: Uint8Array, closed: number): Promise<number> {
  let sum = 0;
  for (let epoch = 0; epoch < closed; epoch += 1) {
    const response = await fetch(`${api}/v1/duties/accounts/${epoch}/${toHex(source)}`);
    if (response.status === 404) continue;
    sum += ((await response.json()) as { account: { equivocated: number } }).account.equivocated;
  }
  return sum;
}

test('two copies of a folder that both vote: evidence of the source becomes final', async () => {
  const net = await netForTest(4, { targetIntervalMs: 150, epochHeights: EPOCH_HEIGHTS, expiryHeightsMax: 64 });
  const [first, second, third, original] = net.nodes as [ProcessNode, ProcessNode, ProcessNode, ProcessNode];
  for (const node of net.nodes) await net.start(node);
  for (const node of net.nodes) await heightReached(apiOf(node), 3);
  for (const node of net.nodes) await end(node, 'SIGTERM');
  const copy = { ...original, folder: join(net.folder, 'copy'), config: join(net.folder, 'copy', 'node.toml') };
  await cp(original.folder, copy.folder, { recursive: true });

  // Alone, no voter may vote, but each answers. The third answers both, at another address and with nothing in mind the second time.
  await net.start(first, [], []);
  await net.start(third, [], []);
  await net.start(original, [], [first, third]);
  await votes(original);
  await end(third, 'SIGTERM');
  const moved = { ...third };
  await net.start(second, [], []);
  await net.start(moved, [], []);
  await net.start(copy, [], [second, moved]);
  await votes(copy);

  // They find each other: one hears the original, the others its copy.
  for (const node of [second, moved]) await end(node, 'SIGTERM');
  await net.start(second, [], [first]);
  await net.start(moved, [], [first, second]);
  const source = original.source.publicKey;
  let closed = 0;
  while ((await equivocations(apiOf(first), source, closed)) === 0) {
    closed += 1;
    await heightReached(apiOf(first), closed * EPOCH_HEIGHTS);
  }
  for (const node of [first, second]) {
    expect(await equivocations(apiOf(node), node.source.publicKey, closed)).toBe(0);
    await heightReached(apiOf(node), closed * EPOCH_HEIGHTS);
    expect(await equivocations(apiOf(node), source, closed)).toBeGreaterThan(0);
  }
}, 240_000);
