// Goal: entitled requests are served, many at once and beside a flood of those that are refused; no other gets a document.
// Method: small numbers; `npm run soak -- --only load` sends a thousand at once and ten thousand to refuse.
import { fileURLToPath } from 'node:url';
import { runTool } from '@radledger/devnet';
import { expect, test } from 'vitest';

const LOAD = fileURLToPath(import.meta.resolve('@radledger/devnet')).replace(/index\.js$/, 'load/main.js');

test('every entitled request is served, and no other', async () => {
  const { exitCode, stdout, stderr } = await runTool(LOAD, ['--requests', '40', '--refused', '120']);
  const { failures, refused, documentBytes } = JSON.parse(stdout) as {
    readonly failures: readonly string[];
    readonly refused: Readonly<Record<string, { readonly count: number }>>;
    readonly documentBytes: number;
  };
  expect(failures, stderr).toEqual([]);
  expect(exitCode, stderr).toBe(0);
  expect(documentBytes).toBeGreaterThan(0);
  expect(Object.values(refused).map(({ count }) => count)).toEqual([15, 15, 15, 1]);
});
