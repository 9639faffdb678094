import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFolder, runCli } from './cli-fixture.js';

const SCENARIO = {
  format: 'radledger/scenario/1',
  title: 'Three of <unequal> stake',
  kind: 'selection',
  seed: 7,
  sources: 3,
  stake: { distribution: 'list', studies: [1, 2, 3] },
  views: 3_000,
};

let folder: Awaited<ReturnType<typeof createFolder>>;
let file: string;
beforeAll(async () => {
  folder = await createFolder();
  file = await folder.file('mine.json', JSON.stringify(SCENARIO), 0o644);
});
afterAll(() => folder.close());

test('without a scenario it lists the shipped ones', async () => {
  const done = await runCli(['simulate', '--json']);
  expect(done.json.result?.scenarios).toContainEqual({ name: 'selection-5000', title: expect.any(String) });
});

test('a table for people, JSON for programs, a page to open', async () => {
  const html = `${folder.path}/report.html`;
  const [text, json] = await Promise.all([
    runCli(['simulate', file, '--html', html]),
    runCli(['simulate', file, '--json']),
  ]);
  expect(text.exitCode).toBe(0);
  expect(text.stdout).toMatch(/^Three of <unequal> stake\n/);
  expect(text.stdout).toMatch(/^Views drawn +3,000$/m);
  expect(json.stdout.trim().split('\n')).toHaveLength(1);
  expect(json.json.result).toMatchObject({
    format: 'radledger/experiment/1',
    scenario: { ...SCENARIO, viewsPerEpoch: 720 },
    figures: { leaderShare: { draws: 3_000 } },
    measured: { cpuMs: expect.any(Number) },
  });
  const page = await readFile(html, 'utf8');
  expect(page).toMatch(/^<!doctype html>/);
  expect(page).toContain('Three of &#60;unequal&#62; stake');
});

test('the same seed gives the same bytes but for what was measured; another gives others', async () => {
  const [first, second, other] = await Promise.all([
    runCli(['simulate', file, '--json']),
    runCli(['simulate', file, '--json']),
    runCli(['simulate', file, '--json', '--seed', '8']),
  ]);
  const decided = ({ stdout }: { readonly stdout: string }): string => stdout.replace(/"measured":\{[^}]*\}/, '');
  expect(decided(second)).toBe(decided(first));
  expect(decided(other)).not.toBe(decided(first));
  expect(JSON.parse(other.stdout)).toMatchObject({ result: { scenario: { seed: 8 } } });
});

describe('what cannot be run', () => {
  test.each([
    ['an unknown name', ['no-such'], 'SCENARIO_UNKNOWN', 4],
    ['a missing file', ['./no-such.json'], 'FILE_MISSING', 4],
    ['a folder', ['/tmp'], 'FILE_UNREADABLE', 2],
    ['a file without end', ['/dev/zero'], 'SCENARIO_TOO_LARGE', 2],
    ['a wrong seed', ['selection-5000', '--seed', '-1'], 'USAGE', 2],
    ['a module without a name', ['selection-5000', '--module', './x.js'], 'USAGE', 2],
    ['a module that is none', ['selection-5000', '--module', `x=${import.meta.filename}`], 'USAGE', 2],
  ])('%s', async (_, args, code, exitCode) => {
    const done = await runCli(['simulate', ...args, '--json']);
    expect(done.json.error).toMatchObject({ code, exitCode });
    expect(done.exitCode).toBe(exitCode);
  });

  test('a wrong field is named, with what would be right', async () => {
    const wrong = await folder.file('wrong.json', JSON.stringify({ ...SCENARIO, views: 1e9 }));
    const done = await runCli(['simulate', wrong]);
    expect(done.exitCode).toBe(2);
    expect(done.stderr).toMatch(/^error SCENARIO_INVALID: views: .*5000000/);
  });

  test('a report that cannot be written', async () => {
    const done = await runCli(['simulate', file, '--html', `${folder.path}/none/report.html`, '--json']);
    expect(done.json.error).toMatchObject({ code: 'FILE_UNREADABLE' });
  });
});
