// The README's first commands: the story with its refusals, what is printed for whoever wants to try, and nothing left behind.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NetworkFile, ToolResult } from '@radledger/devnet';
import { decodeInvitationLink } from '@radledger/handover';
import { toHex } from '@radledger/primitives';
import { afterAll, beforeAll, expect, test } from 'vitest';

const DEVNET = fileURLToPath(import.meta.resolve('@radledger/devnet')).replace(/index\.js$/, 'main.js');
const HEX_32 = /^[0-9a-f]{64}$/;

let parent: string;
let demo: ToolResult;
/** The patient's app, while the net ran. */
let app: { status: number; text: string };
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'radledger-demo-'));
  // `npm start` is `npm run demo` that goes on until Ctrl-C.
  const child = spawn(process.execPath, [DEVNET, 'start', join(parent, 'dev')], {
    env: { ...process.env, RADLEDGER_ALLOW_LOOPBACK: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close');
  let [stdout, stderr] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const isTold = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (stdout.includes('until Ctrl-C')) resolve();
    });
  });
  await Promise.race([isTold, closed]);
  if (child.exitCode === null) {
    const { wallet } = await networkFile();
    const answer = await fetch(wallet);
    app = { status: answer.status, text: await answer.text() };
    child.kill('SIGINT');
  }
  const [exitCode] = (await closed) as [number | null];
  demo = { exitCode: exitCode ?? -1, stdout, stderr };
}, 300_000);
afterAll(() => rm(parent, { recursive: true }));

async function networkFile(): Promise<NetworkFile> {
  return JSON.parse(await readFile(join(parent, 'dev', 'network.json'), 'utf8')) as NetworkFile;
}

test('it exits 0 and tells every arrow and every refusal', () => {
  expect(demo.stderr).toBe('');
  expect(demo.exitCode).toBe(0);
  for (const step of ['Define Source at height', 'Define Study at height', 'Allow Access at height', '20 files']) {
    expect(demo.stdout).toContain(step);
  }
  expect(demo.stdout.match(/Refused: .*\n +.*/g)?.map((line) => line.split(/\n +/))).toEqual([
    ['Refused: the practice asks before she allowed it.', 'XDSDocumentUniqueIdError'],
    ["Refused: a stranger's key asks for it.", 'XDSDocumentUniqueIdError'],
    ['Refused: the same signed request comes a second time.', 'Fault wsse:FailedCheck (HTTP 400)'],
    ['Refused: a request names another hospital.', 'XDSUnknownRepositoryId'],
    ['Refused: the practice asks after she stopped.', 'XDSDocumentUniqueIdError'],
  ]);
});

test('the patient’s app is served at the address that is printed, with an invitation to try', async () => {
  const { wallet, chainId, sources } = await networkFile();
  expect(demo.stdout).toContain(`The patient's app\n          ${wallet}\n`);
  expect(app.status).toBe(200);
  expect(app.text).toContain('<div id="app">');
  const [, link = ''] = /To try it: an invitation, and its code \d{6}\n +(\S+)/.exec(demo.stdout) ?? [];
  expect(link.startsWith(`${wallet}#i=`)).toBe(true);
  const invitation = decodeInvitationLink(link);
  expect(toHex(invitation.chainId)).toBe(chainId);
  expect(invitation.gatewayApi).toBe(sources[0]?.api);
  expect(invitation.expiresAtMs).toBeGreaterThan(Date.now());
  expect(demo.stdout).toMatch(/and Dr Rivera, who asks to see it\n +\S+#r=/);
});

test('it leaves no process', () => {
  const pids = [...demo.stdout.matchAll(/process (\d+)/g)].map(([, pid]) => Number(pid));
  expect(pids).toHaveLength(6);
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
});

test('it leaves a network file of one line, and key files that nobody else may read', async () => {
  const text = await readFile(join(parent, 'dev', 'network.json'), 'utf8');
  expect(text.trim().split('\n')).toHaveLength(1);
  const network = await networkFile();
  expect(network.chainId).toMatch(HEX_32);
  expect(network.nodes.map(({ name }) => name)).toEqual(['node-1', 'node-2', 'node-3', 'node-4']);
  const [source] = network.sources;
  const [recipient] = network.recipients;
  const [study] = network.studies;
  expect(source?.iti43).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/xds\/iti43$/);
  expect(source?.tlsPin).toMatch(HEX_32);
  expect(study).toMatchObject({
    repositoryUniqueId: source?.repositoryUniqueId,
    recipient: recipient?.publicKey,
    instances: 20,
  });
  expect(study?.zipSha256).toMatch(HEX_32);
  const keyFile = await stat(join(parent, 'dev', recipient?.keyFile ?? ''));
  expect(keyFile.mode & 0o777).toBe(0o600);
  await expect(readFile(join(parent, 'dev', source?.tlsCertificateFile ?? ''), 'utf8')).resolves.toContain(
    'BEGIN CERTIFICATE',
  );
});
