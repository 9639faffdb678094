import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFolder, runCli } from './cli-fixture.js';

const WORDS = 'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about';
const NODE = ['--node', 'http://127.0.0.1:1'];

let folder: Awaited<ReturnType<typeof createFolder>>;
beforeAll(async () => {
  folder = await createFolder();
});
afterAll(() => folder.close());

describe('secrets on the command line', () => {
  test.each([
    ['words as one argument', ['grant', 'list', WORDS]],
    ['words as many arguments', ['grant', 'list', ...WORDS.split(' ')]],
    ['words as an option', ['grant', 'revoke', '--tag', WORDS.toUpperCase()]],
    ['a private key', ['study', 'list', '-----BEGIN PRIVATE KEY-----abandon']],
    ['an age identity', ['study', 'list', 'AGE-SECRET-KEY-1ABANDON']],
    ['an invitation link', ['grant', 'allow', 'x', '--request', 'https://wallet.example/#i=abandon', '--until', '1d']],
  ])('%s are refused and not repeated', async (_, args) => {
    const done = await runCli([...args, '--json']);
    expect(done.json).toMatchObject({ ok: false, error: { code: 'SECRET_REFUSED', exitCode: 2 } });
    expect((done.stdout + done.stderr).toLowerCase()).not.toContain('abandon');
    expect(done.exitCode).toBe(2);
  });

  test.each([
    ['an argument', ['grant', 'list', 'hunter2-secret']],
    ['an option', ['grant', 'list', '--hunter2-secret']],
    ['a value behind =', ['grant', 'list', '--node=hunter2-secret']],
    ['a command', ['hunter2-secret']],
    ['an address', ['study', 'list', '--node', 'hunter2-secret']],
  ])('%s that is wrong is not repeated', async (_, args) => {
    const done = await runCli([...args, '--json']);
    expect(done.exitCode).toBe(2);
    expect(done.json.error).toMatchObject({ code: 'USAGE' });
    expect(done.stdout + done.stderr).not.toContain('hunter2');
  });
});

test.each([
  [['wallet', 'new', ...NODE]],
  [['study', 'list', ...NODE]],
  [['wallet', 'restore', ...NODE, '--words-file', '-']],
])('without a terminal %j fails at once instead of asking', async (args) => {
  const wallet = `${folder.path}/none.json`;
  const done = await runCli([...args, '--wallet', wallet, '--json']);
  expect(done.json.ok).toBe(false);
  expect([2, 4]).toContain(done.exitCode);
});

test('a passphrase file that others may read is refused', async () => {
  const token = await folder.file('token', 'secret-token', 0o644);
  const done = await runCli([
    'request',
    'watch',
    'x',
    '--operator',
    'http://127.0.0.1:1',
    '--token-file',
    token,
    '--json',
  ]);
  expect(done.json.error).toMatchObject({ code: 'FILE_TOO_OPEN', exitCode: 2 });
  expect(done.stdout + done.stderr).not.toContain('secret-token');
});

describe('help', () => {
  const commands = {
    wallet: ['new', 'restore'],
    study: ['claim', 'list', 'accept', 'delegate', 'move-owner', 'publish', 'retire'],
    grant: ['allow', 'revoke', 'list'],
    request: ['new', 'fetch', 'watch'],
    source: ['define', 'move', 'rotate', 'invite'],
  };
  const all = Object.entries(commands).flatMap(([noun, verbs]) => verbs.map((verb) => [noun, verb] as const));

  test.each(all)('%s %s shows an example', async (noun, verb) => {
    const done = await runCli([noun, verb, '--help']);
    expect(done.exitCode).toBe(0);
    expect(done.stdout).toContain(`Example:\n  $ radledger ${noun} ${verb}`);
  });

  test('is JSON with --json', async () => {
    const done = await runCli(['grant', 'allow', '--help', '--json']);
    expect(done.json).toMatchObject({ ok: true, text: expect.stringContaining('--until') });
  });

  test('a noun alone is a usage error that parses', async () => {
    const done = await runCli(['grant', '--json']);
    expect(done.json).toMatchObject({ ok: false, error: { code: 'USAGE' } });
    expect(done.exitCode).toBe(2);
  });
});

test.each(['yesterday', '2027-13-01', '0d', '', '31.01.2027'])('the end date %j is refused', async (until) => {
  const done = await runCli(['grant', 'allow', '00'.repeat(32), '--request', 'x', '--until', until, '--json']);
  expect(done.json.error).toMatchObject({ code: 'USAGE', exitCode: 2 });
});

test('an end date is required', async () => {
  const done = await runCli(['grant', 'allow', '00'.repeat(32), '--request', 'x', '--json']);
  expect(done.json.error).toMatchObject({ code: 'USAGE', exitCode: 2 });
});
