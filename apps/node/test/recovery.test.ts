/** Two of five nodes are gone for ever: the others make, sign and follow a recovery with the commands of the guide. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exists } from '../src/folder.js';
import {
  apiOf,
  end,
  heightReached,
  netForTest,
  type ProcessNode,
  runCommand,
  statusOf,
  votingDecided,
} from './support/processes.js';

test('recover make, sign, run: the chain goes on, without the flag at the next start too', async () => {
  const own = await netForTest(5, { targetIntervalMs: 150 });
  for (const node of own.nodes) await own.start(node);
  const left = own.nodes.slice(0, 3);
  const gone = own.nodes.slice(3);
  const [first, , third] = left;
  const [, lost] = gone;
  if (!first || !third || !lost) throw new Error('expected five nodes');
  await heightReached(apiOf(first), 3);
  for (const node of gone) await end(node, 'SIGKILL');
  const heights = await Promise.all(left.map(async (node) => (await statusOf(apiOf(node))).height));
  const height = Math.max(...heights);
  for (const node of left) await heightReached(apiOf(node), height);
  const { finalized } = await statusOf(apiOf(first));
  for (const node of left) await end(node, 'SIGTERM');

  const file = join(own.folder, 'recovery.json');
  const genesis = ['--genesis', own.genesisFile];
  const leaveOut = ['--leave-out', ...gone.map(({ keys }) => keys.nodeKey)];
  const about = ['--height', String(finalized.height), '--block', finalized.id];
  const made = await runCommand(['recover', 'make', ...genesis, ...about, ...leaveOut, '--out', file]);
  expect(made).toMatchObject({ code: 0, stderr: '' });

  // Two of five are not more than half.
  const sign = (node: ProcessNode) =>
    runCommand(['recover', 'sign', ...genesis, '--file', file, '--key', join(node.folder, 'node.pem')]);
  await sign(first);
  expect(JSON.parse((await sign(third)).stdout)).toEqual({ signedAs: 'voter', recoveryKeys: 0, voters: 2 });
  const early = await runCommand(['run', '--config', first.config, '--recover', file]);
  expect(early.code).toBe(12);
  expect(early.stderr).toContain('expected voters of more than half of the stake');

  expect(await exists(join(first.folder, 'recoveries'))).toBe(false);

  for (const node of left) await sign(node);
  // Kept before anybody hears of the node, and over what a crash left behind: it does not get as far as that here.
  const text = await readFile(first.config, 'utf8');
  const busy = join(first.folder, 'busy.toml');
  await mkdir(join(first.folder, 'recoveries'));
  await writeFile(join(first.folder, 'recoveries', `${finalized.height}.json.new`), '{"format":');
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as AddressInfo;
  await writeFile(busy, text.replace(/(\[peer\]\nhost = ".*"\nport = )\d+/, `$1${port}`));
  const stopped = await runCommand(['run', '--config', busy, '--recover', file]);
  await new Promise<void>((resolve) => taken.close(() => resolve()));
  expect(stopped.stderr).toMatch(/in use by another process/);
  expect(await readdir(join(first.folder, 'recoveries'))).toEqual([`${finalized.height}.json`]);
  for (const node of left) await own.start(node, ['--recover', file]);
  for (const node of left) await heightReached(apiOf(node), height + 5);
  await end(first, 'SIGTERM');
  expect(await readdir(join(first.folder, 'recoveries'))).toEqual([`${finalized.height}.json`]);
  await own.start(first);
  await heightReached(apiOf(first), (await statusOf(apiOf(third))).height + 3);

  await own.start(lost, ['--recover', file]);
  await heightReached(apiOf(lost), height + 8);
  expect(await votingDecided(lost, first)).toEqual({ allowed: false, reason: 'NOT_IN_COMMITTEE' });
}, 240_000);
