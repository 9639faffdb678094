import { chmod, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_PARAMETERS, genesisToJson } from '@radledger/chain';
import { simplex } from '@radledger/consensus-simplex';
import { createSigner, decodePrivateKeyPem, fromHex, publicKeyOf, toHex, verify } from '@radledger/primitives';
import { openSignLog } from '@radledger/storage';
import { keyProofMessage } from '@radledger/transactions';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkConfig } from '../src/check-config.js';
import { parseConfig } from '../src/config.js';
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
/** A genesis of one source with the first keys. @returns its file's name */
async function writeGenesis(of: string): Promise<string> {
  const genesis = genesisToJson({
    format: 1,
    name: 'rotate test',
    timeMs: 0,
    moduleId: simplex.id,
    policies: { admission: 'open', stake: 'guarded' },
    parameters: DEFAULT_PARAMETERS,
    sources: [
      {
        source: (await createSigner(new Uint8Array(32).fill(1))).publicKey,
        nodeKey: fromHex(first.nodeKey),
        vrfKey: fromHex(first.vrfKey),
        endowment: 1,
      },
    ],
    authorities: [],
    recoveryKeys: [],
    recoveryThreshold: 0,
  });
  await writeFile(join(of, 'genesis.json'), JSON.stringify(genesis));
  return 'genesis.json';
}
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

test('check-config looks at the next keys too', async () => {
  const { keyFile } = await rotate({ folder, role: 'node', chainId, source });
  await chmod(keyFile, 0o644);
  const file = join(folder, 'node.toml');
  const genesis = await writeGenesis(folder);
  const text = `folder = "."\ngenesis = "${genesis}"\n[identity]\nsource = "${source}"\n[peer]\nhost = "127.0.0.1"\nport = 0\n[api]\nhost = "127.0.0.1"\nport = 0\n`;
  await expect(checkConfig(parseConfig(text, file))).rejects.toMatchObject({ code: 'KEY_FILE_MODE' });
  await chmod(keyFile, 0o600);
  expect(await checkConfig(parseConfig(text, file))).toMatchObject({ nodeKey: first.nodeKey });
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
  const serving = { nodeKey: fromHex(node.newKey), vrfKey: fromHex(vrf.newKey) };
  await finishRotation({ folder, serving });
  expect([await keyOf('node.pem'), await keyOf('vrf.pem')]).toEqual([node.newKey, vrf.newKey]);
  expect(await hasLog('sign-log', node.newKey)).toBe(true);
  const old = `retired-${first.nodeKey.slice(0, 16)}`;
  expect(await keyOf(`${old}.pem`)).toBe(first.nodeKey);
  expect(await hasLog(`${old}-sign-log`, first.nodeKey)).toBe(true);
  expect((await readdir(folder)).filter((name) => name.startsWith('next-'))).toEqual([]);
  await expect(finishRotation({ folder, serving })).rejects.toMatchObject({ code: 'NO_NEXT_KEY' });
});

test('finish-rotation leaves a next key that does not serve yet where it is', async () => {
  const node = await rotate({ folder, role: 'node', chainId, source });
  const vrf = await rotate({ folder, role: 'vrf', chainId, source });
  const before = { nodeKey: fromHex(first.nodeKey), vrfKey: fromHex(first.vrfKey) };
  for (const serving of [undefined, before]) {
    await expect(finishRotation({ folder, serving })).rejects.toMatchObject({ code: 'KEY_NOT_SERVING' });
  }
  const serving = { ...before, nodeKey: fromHex(node.newKey) };
  expect(await finishRotation({ folder, serving })).toMatchObject({ waiting: [vrf.keyFile] });
  expect([await keyOf('node.pem'), await keyOf('vrf.pem')]).toEqual([node.newKey, first.vrfKey]);
  await expect(finishRotation({ folder, serving })).rejects.toMatchObject({ code: 'KEY_NOT_SERVING' });
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
  await finishRotation({ folder, serving: { nodeKey: fromHex(newKey), vrfKey: fromHex(first.vrfKey) } });
  expect(await keyOf('node.pem')).toBe(newKey);
  expect(await hasLog('sign-log', newKey)).toBe(true);
  expect(await hasLog(`${old}-sign-log`, first.nodeKey)).toBe(true);
});
