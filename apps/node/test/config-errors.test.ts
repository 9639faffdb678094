import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { genesisToJson } from '@radledger/chain';
import { decodePrivateKeyPem, publicKeyOf, toHex, verify, fromHex } from '@radledger/primitives';
import { keyProofMessage } from '@radledger/transactions';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { checkConfig } from '../src/check-config.js';
import { readConfig } from '../src/config.js';
import { type CommandResult, heightReached, type ProcessNet, prepareNet, runCommand } from './support/processes.js';

// Each test starts processes.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let net: ProcessNet;
let folder: string;
let config: string;

beforeAll(async () => {
  net = await prepareNet(1, { targetIntervalMs: 100 });
  const [node] = net.nodes;
  // One life of the node, so that there is a database to damage.
  const running = await net.start(node!);
  await heightReached(running.api, 2);
  running.child.kill('SIGTERM');
  expect(await running.exited).toBe(0);
  folder = node!.folder;
  config = node!.config;
}, 30_000);
afterAll(() => net.close());

/** Runs the node with a changed file, expects it to stop with one line, and puts the file back. */
async function expectStop(result: CommandResult, code: number, text: RegExp): Promise<void> {
  expect(result.stderr).toMatch(text);
  expect(
    result.stderr
      .trimEnd()
      .split('\n')
      .filter((line) => !line.startsWith('{')),
  ).toHaveLength(1);
  expect(result.stderr).toMatch(/^radledger-node: /m);
  expect(result.code).toBe(code);
  expect(result.stdout).toBe('');
}

const run = (file = config): Promise<CommandResult> => runCommand(['run', '--config', file]);

async function withText(change: (text: string) => string, check: (file: string) => Promise<void>): Promise<void> {
  const file = join(folder, 'changed.toml');
  await writeFile(file, change(await readFile(config, 'utf8')));
  await check(file);
}

describe('a configuration that cannot be used stops the node with one line', () => {
  test.each([
    ['an unknown key', (text: string) => `colour = "blue"\n${text}`, /Unrecognized key: "colour"/],
    [
      'a snapshot without a checkpoint',
      (text: string) => `${text}\n[sync]\nmode = "snapshot"\n`,
      /at sync\.checkpoint.*needs one/,
    ],
    [
      'a checkpoint that is none',
      (text: string) => `${text}\n[sync]\ncheckpoint = "7"\n`,
      /at sync\.checkpoint.*height:id/,
    ],
    ['an unknown key in a table', (text: string) => `${text}\n[limits]\nspeed = 1\n`, /at limits.*"speed"/],
    ['a missing key', (text: string) => text.replace(/^genesis.*$/m, ''), /at genesis/],
    ['a port that is none', (text: string) => text.replace(/port = \d+/, 'port = 70000'), /at peer\.port/],
    ['a source that is no id', (text: string) => text.replace(/source = ".*"/, 'source = "me"'), /64 lower-case hex/],
    ['a peer without TLS', (text: string) => `${text}\n[[peers]]\nurl = "ws://127.0.0.1:1"\n`, /wss:\/\/host:port/],
    ['what is not TOML', () => 'folder = ', /is not TOML/],
  ])('%s', async (_name, change, text) => {
    await withText(change, async (file) => {
      await expect(readConfig(file)).rejects.toThrow(text);
      await expect(readConfig(file)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    });
  });

  test('run and check-config alike', async () => {
    await withText(
      (text) => `colour = "blue"\n${text}`,
      async (file) => {
        await expectStop(await run(file), 10, /Unrecognized key: "colour"/);
        await expectStop(await runCommand(['check-config', '--config', file]), 10, /Unrecognized key: "colour"/);
      },
    );
  });

  test('a file that is not there', async () => {
    await expectStop(await run(join(folder, 'none.toml')), 10, /cannot read .*none\.toml/);
  });

  test('no command and an unknown flag', async () => {
    expect((await runCommand(['fly'])).code).toBe(2);
    expect((await runCommand(['run', '--fast'])).code).toBe(2);
  });
});

describe('key files', () => {
  test('a missing key', async () => {
    await rename(join(folder, 'node.pem'), join(folder, 'aside'));
    try {
      await expectStop(await run(), 11, /cannot read .*node\.pem/);
    } finally {
      await rename(join(folder, 'aside'), join(folder, 'node.pem'));
    }
  });

  test.each(['node.pem', 'vrf.pem', 'peer-tls-key.pem'])('%s that others can read', async (name) => {
    await chmod(join(folder, name), 0o644);
    try {
      const text = /has mode 0644: others can read it, set it to 0600/;
      await expect(checkConfig(await readConfig(config))).rejects.toThrow(text);
      if (name === 'vrf.pem') await expectStop(await run(), 11, text);
    } finally {
      await chmod(join(folder, name), 0o600);
    }
  });

  test('node.pem that holds no key', async () => {
    const text = await readFile(join(folder, 'node.pem'), 'utf8');
    await writeFile(join(folder, 'node.pem'), 'not a key');
    try {
      await expectStop(await run(), 11, /not a PEM PKCS#8 Ed25519 private key/);
    } finally {
      await writeFile(join(folder, 'node.pem'), text);
    }
  });
});

describe('genesis and database', () => {
  test('a genesis file that is missing or broken', async () => {
    await withText(
      (text) => text.replace('../genesis.json', 'nowhere.json'),
      async (file) => expectStop(await run(file), 12, /cannot read the genesis file/),
    );
    await writeFile(join(folder, 'broken.json'), '{"format":1}');
    await withText(
      (text) => text.replace('../genesis.json', 'broken.json'),
      async (file) => expectStop(await run(file), 12, /is not a genesis/),
    );
  });

  test('a recovery that is missing or of another chain, also one that the folder keeps, stops run and check-config alike', async () => {
    const stops = async (file: string, text: RegExp): Promise<void> => {
      await expectStop(await run(file), 12, text);
      await expect(checkConfig(await readConfig(file))).rejects.toThrow(text);
    };
    await withText(
      (text) => `recoveries = ["none.json"]\n${text}`,
      (file) => stops(file, /cannot read the recovery .*none\.json/),
    );
    const kept = join(folder, 'recoveries');
    await writeFile(kept, 'in the place of the folder');
    await stops(config, /cannot read the recoveries that this node follows/);
    await rm(kept);
    const foreign = join(folder, 'foreign.json');
    await writeFile(foreign, JSON.stringify({ ...genesisToJson(net.genesis), name: 'foreign' }));
    await mkdir(kept);
    const out = join(kept, '3.json');
    const about = ['--height', '3', '--block', '11'.repeat(32), '--out', out];
    const made = await runCommand(['recover', 'make', '--genesis', foreign, ...about]);
    expect(made.stderr).toBe('');
    await stops(config, /3\.json is not a recovery: .*expected a recovery of chain [0-9a-f]{64}, not of [0-9a-f]{64}/);
    await rm(out);
    await runCommand(['recover', 'make', '--genesis', net.genesisFile, ...about]);
    expect(await checkConfig(await readConfig(config))).toMatchObject({ recoveries: [3] });
    await rm(kept, { recursive: true });
  });

  test('a genesis of a module that this node does not have', async () => {
    await writeFile(join(folder, 'other.json'), JSON.stringify({ ...genesisToJson(net.genesis), moduleId: 'other/1' }));
    await withText(
      (text) => text.replace('../genesis.json', 'other.json'),
      async (file) => expectStop(await run(file), 12, /demands the module other\/1; this node has simplex\/1/),
    );
  });

  test('the database of another genesis is left alone', async () => {
    await writeFile(join(folder, 'foreign.json'), JSON.stringify({ ...genesisToJson(net.genesis), name: 'foreign' }));
    await withText(
      (text) => text.replace('../genesis.json', 'foreign.json'),
      async (file) => expectStop(await run(file), 12, /belongs to another genesis/),
    );
  });

  test('a database whose files are damaged is refused, and not repaired', async () => {
    const manifest = join(folder, 'db', 'CURRENT');
    const text = await readFile(manifest, 'utf8');
    await writeFile(manifest, 'MANIFEST-999999\n');
    try {
      await expectStop(await run(), 13, /cannot be used .*nothing was changed/);
      expect(await readFile(manifest, 'utf8')).toBe('MANIFEST-999999\n');
    } finally {
      await writeFile(manifest, text);
    }
  });

  test('a sign-log of another key is refused', async () => {
    const other = await mkdtemp(join(tmpdir(), 'radledger-init-'));
    try {
      await runCommand(['init', '--folder', join(other, 'n')]);
      await rename(join(folder, 'sign-log'), join(folder, 'aside'));
      await writeFile(join(folder, 'sign-log'), await readFile(join(other, 'n', 'sign-log')), { mode: 0o600 });
      await expectStop(await run(), 13, /sign-log cannot be used \(FOREIGN_SIGN_LOG\)/);
    } finally {
      await rename(join(folder, 'aside'), join(folder, 'sign-log'));
      await rm(other, { recursive: true, force: true });
    }
  });
});

describe('addresses', () => {
  let taken: Server;
  let port: number;
  beforeAll(async () => {
    taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    port = (taken.address() as { port: number }).port;
  });
  afterAll(() => new Promise<void>((resolve) => taken.close(() => resolve())));

  test.each(['peer', 'api'])('a busy [%s] port', async (listener) => {
    await withText(
      (text) => text.replace(new RegExp(`(\\[${listener}\\]\\nhost = ".*"\\nport = )\\d+`), `$1${port}`),
      async (file) =>
        expectStop(await run(file), 14, new RegExp(`127\\.0\\.0\\.1:${port} .*\\[${listener}\\].*in use`)),
    );
  });

  test('a host that this machine does not have', async () => {
    await withText(
      (text) => text.replace(/\[api\]\nhost = ".*"/, '[api]\nhost = "192.0.2.1"'),
      async (file) => expectStop(await run(file), 14, /cannot listen on 192\.0\.2\.1/),
    );
  });

  test('two processes never share a folder', async () => {
    const running = await net.start(net.nodes[0]!);
    await expectStop(await run(), 13, /in use by another process: never run two copies/);
    running.child.kill('SIGTERM');
    expect(await running.exited).toBe(0);
  });
});

describe('init and prove', () => {
  let fresh: string;
  beforeAll(async () => {
    fresh = join(await mkdtemp(join(tmpdir(), 'radledger-init-')), 'node');
  });
  afterAll(() => rm(join(fresh, '..'), { recursive: true, force: true }));

  test('init makes keys that only the owner can read, and overwrites nothing', async () => {
    const { stdout, code } = await runCommand(['init', '--folder', fresh]);
    expect(code).toBe(0);
    const made = JSON.parse(stdout) as { nodeKey: string; vrfKey: string };
    for (const name of ['node.pem', 'vrf.pem', 'peer-tls-key.pem', 'sign-log']) {
      expect(((await stat(join(fresh, name))).mode & 0o777).toString(8)).toBe('600');
    }
    const seed = decodePrivateKeyPem(await readFile(join(fresh, 'node.pem'), 'utf8'));
    expect(toHex(await publicKeyOf(seed))).toBe(made.nodeKey);
    await expectStop(await runCommand(['init', '--folder', fresh]), 11, /overwrites nothing/);
  });

  test('prove gives keys and proofs that verify', async () => {
    const chain = '11'.repeat(32);
    const source = '22'.repeat(32);
    const { stdout, code } = await runCommand(['prove', '--folder', fresh, '--chain', chain, '--source', source]);
    expect(code).toBe(0);
    const proofs = JSON.parse(stdout) as Record<string, string>;
    for (const role of ['node', 'vrf'] as const) {
      const message = keyProofMessage({ chainId: fromHex(chain), source: fromHex(source), role });
      expect(await verify(fromHex(proofs[`${role}Key`]!), message, fromHex(proofs[`${role}KeyProof`]!))).toBe(true);
    }
    const byFile = await runCommand(['prove', '--folder', fresh, '--genesis', net.genesisFile, '--source', source]);
    expect(byFile.code).toBe(0);
    expect((await runCommand(['prove', '--folder', fresh, '--source', source])).code).toBe(2);
  });

  test('a truncated sign-log of this node is refused or cut to whole records, never taken as empty', async () => {
    const file = join(folder, 'sign-log');
    const whole = await readFile(file);
    await truncate(file, 3);
    try {
      await expectStop(await run(), 13, /sign-log cannot be used/);
    } finally {
      await writeFile(file, whole);
    }
  });
});
