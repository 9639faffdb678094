import { mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodePrivateKeyPem, fromHex, publicKeyOf, toHex, verify } from '@radledger/primitives';
import { openSignLog } from '@radledger/storage';
import { keyProofMessage } from '@radledger/transactions';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { initFolder } from '../src/init.js';
import { finishRotation, rotate } from '../src/rotate.js';

const chainId = new Uint8Array(32).fill(7);
const source = 'ab'.repeat(32);
let folder: string;
let first: Awaited<ReturnType<typeof initFolder>>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'radledger-rotate-'));
  first = await initFolder({ folder });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const keyOf = async (file: string): Promise<string> =>
  toHex(await publicKeyOf(decodePrivateKeyPem(await readFile(join(folder, file), 'utf8'))));
const hasLog = async (file: string, nodeKey: string): Promise<boolean> => {
  const log = await openSignLog(join(folder, file), { nodeKey: fromHex(nodeKey) });
  await log.close();
  return true;
};

test('rotate makes a key with its proof and its log, once, beside the first', async () => {
  const made = await rotate({ folder, role: 'node', chainId, source });
  const message = keyProofMessage({ chainId, source: fromHex(source), role: 'node' });
  expect(await verify(fromHex(made.newKey), message, fromHex(made.proof))).toBe(true);
  expect([await keyOf('node.pem'), await keyOf('next-node.pem')]).toEqual([first.nodeKey, made.newKey]);
  expect((await stat(made.keyFile)).mode & 0o777).toBe(0o600);
  expect(await hasLog('next-sign-log', made.newKey)).toBe(true);
  expect(await rotate({ folder, role: 'node', chainId, source })).toEqual(made);
  expect((await rotate({ folder, role: 'vrf', chainId, source })).newKey).not.toBe(made.newKey);
});

test('a rotate that was cut short between log and key starts anew', async () => {
  await rotate({ folder, role: 'node', chainId, source });
  await rm(join(folder, 'next-node.pem'));
  const made = await rotate({ folder, role: 'node', chainId, source });
  expect(await hasLog('next-sign-log', made.newKey)).toBe(true);
});

test('finish-rotation puts the next keys in place and keeps the old ones with their log', async () => {
  const node = await rotate({ folder, role: 'node', chainId, source });
  const vrf = await rotate({ folder, role: 'vrf', chainId, source });
  await finishRotation({ folder });
  expect([await keyOf('node.pem'), await keyOf('vrf.pem')]).toEqual([node.newKey, vrf.newKey]);
  expect(await hasLog('sign-log', node.newKey)).toBe(true);
  const old = `retired-${first.nodeKey.slice(0, 16)}`;
  expect(await keyOf(`${old}.pem`)).toBe(first.nodeKey);
  expect(await hasLog(`${old}-sign-log`, first.nodeKey)).toBe(true);
  expect((await readdir(folder)).filter((name) => name.startsWith('next-'))).toEqual([]);
  await expect(finishRotation({ folder })).rejects.toMatchObject({ code: 'NO_NEXT_KEY' });
});

// Every prefix of the four renames of a node key.
test.each([0, 1, 2, 3])('finish-rotation that was cut short after %i steps ends when run again', async (steps) => {
  const { newKey } = await rotate({ folder, role: 'node', chainId, source });
  const old = `retired-${first.nodeKey.slice(0, 16)}`;
  const renames = [
    ['sign-log', `${old}-sign-log`],
    ['node.pem', `${old}.pem`],
    ['next-sign-log', 'sign-log'],
  ] as const;
  for (const [from, to] of renames.slice(0, steps)) await rename(join(folder, from), join(folder, to));
  await finishRotation({ folder });
  expect(await keyOf('node.pem')).toBe(newKey);
  expect(await hasLog('sign-log', newKey)).toBe(true);
  expect(await hasLog(`${old}-sign-log`, first.nodeKey)).toBe(true);
});
