// The README's first command: the story with its refusals, and nothing left behind.
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type NetworkFile, runTool, type ToolResult } from '@radledger/devnet';
import { afterAll, beforeAll, expect, test } from 'vitest';

const DEVNET = fileURLToPath(import.meta.resolve('@radledger/devnet')).replace(/index\.js$/, 'main.js');
const HEX_32 = /^[0-9a-f]{64}$/;

let parent: string;
let demo: ToolResult;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'radledger-demo-'));
  demo = await runTool(DEVNET, ['demo', join(parent, 'dev')]);
}, 300_000);
afterAll(() => rm(parent, { recursive: true }));

test('the demo exits 0 and tells every arrow and every refusal', () => {
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

test('it leaves no process', () => {
  const pids = [...demo.stdout.matchAll(/process (\d+)/g)].map(([, pid]) => Number(pid));
  expect(pids).toHaveLength(6);
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
});

test('it leaves a network file of one line, and key files that nobody else may read', async () => {
  const text = await readFile(join(parent, 'dev', 'network.json'), 'utf8');
  expect(text.trim().split('\n')).toHaveLength(1);
  const network = JSON.parse(text) as NetworkFile;
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
