/** `radledger-gateway audit-verify`: what the privacy office runs. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditEvent, openAuditTrail, type TrailReport } from '@radledger/exchange/audit';
import { createSigner } from '@radledger/primitives';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { initFolder } from '../src/init.js';
import { readSeed } from '../src/secret-files.js';
import { type CommandResult, runCommand } from './process.js';

const DAY_MS = 86_400_000;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'radledger-gateway-audit-'));
  await initFolder({ folder, role: 'source', node: 'http://127.0.0.1:1' });
  let nowMs = Date.UTC(2026, 0, 1);
  const signer = await createSigner(await readSeed(join(folder, 'source.pem')));
  const trail = await openAuditTrail({ folder: join(folder, 'audit'), signer, now: () => nowMs });
  for (let index = 1; index <= 9; index += 1) {
    await trail.record(event(index));
    if (index % 3 === 0) nowMs += DAY_MS;
  }
  await trail.close();
});
afterEach(() => rm(folder, { recursive: true }));

function event(index: number): AuditEvent {
  return {
    side: 'source',
    transaction: 'ITI-43',
    phase: 'ended',
    outcome: 'success',
    id: index.toString(16).padStart(32, '0'),
    requestDigest: 'ab'.repeat(32),
    endpointUrl: 'https://gw.hospital.example/xds/iti43',
    reader: 'cd'.repeat(32),
    documents: [{ documentUniqueId: '01'.repeat(32), repositoryUniqueId: '02'.repeat(32) }],
  };
}

const verify = (...options: readonly string[]): Promise<CommandResult> =>
  runCommand('audit-verify', '--config', join(folder, 'gateway.toml'), ...options);
const reportOf = ({ stdout }: CommandResult): TrailReport => JSON.parse(stdout) as TrailReport;

test('a trail as it was written: exit 0', async () => {
  const result = await verify();
  expect(result).toMatchObject({ code: 0, stderr: '' });
  expect(reportOf(result)).toEqual({ lines: 9, days: 3, heads: 2, unfinishedBytes: 0, problems: [] });
});

test('a line that was taken out: exit 1, named', async () => {
  const file = join(folder, 'audit', '2026-01-02.jsonl');
  const lines = (await readFile(file, 'utf8')).split('\n');
  await writeFile(file, lines.toSpliced(1, 1).join('\n'));
  const result = await verify();
  expect(result.code).toBe(1);
  expect(reportOf(result).problems).toMatchObject([
    {
      code: 'LINE_MISSING',
      file: '2026-01-02.jsonl',
      message: 'number 5 is missing before line 2 of 2026-01-02.jsonl',
    },
  ]);
});

test('the newest days taken away, with their heads: a head kept elsewhere shows it', async () => {
  const heads = join(folder, 'audit', 'heads.jsonl');
  const kept = join(folder, 'kept.jsonl');
  await writeFile(kept, await readFile(heads, 'utf8'));
  await writeFile(heads, `${(await readFile(heads, 'utf8')).split('\n')[0] ?? ''}\n`);
  for (const day of ['02', '03']) await rm(join(folder, 'audit', `2026-01-${day}.jsonl`));
  expect((await verify()).code).toBe(0);
  const result = await verify('--heads', kept);
  expect(result.code).toBe(1);
  expect(reportOf(result).problems).toMatchObject([{ code: 'HEAD_CONTRADICTS' }]);
});

test('older days archived elsewhere: the first line that must be there is named', async () => {
  await rm(join(folder, 'audit', '2026-01-01.jsonl'));
  expect((await verify()).code).toBe(1);
  expect((await verify('--first', '4')).code).toBe(0);
  expect((await verify('--first', 'x')).code).toBe(2);
});

test('a file that holds no head is refused with one line', async () => {
  await writeFile(join(folder, 'kept.jsonl'), '{}\n');
  const result = await verify('--heads', join(folder, 'kept.jsonl'));
  expect(result.code).toBe(10);
  expect(result.stderr).toMatch(/^radledger-gateway: .*no head of an audit trail\n$/);
});
