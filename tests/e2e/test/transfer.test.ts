// Goal: a study larger than what any buffer holds goes from gateway to gateway in flat memory, its first byte long before the source has read it.
// Method: 160 MiB after a warm-up of 64, of which sockets alone hold some; `npm run soak -- --only transfer-8-gib` sends 8 GiB, allows 5% read at the first byte, and compares rates
// with a bare HTTPS stream.
import { fileURLToPath } from 'node:url';
import { runTool } from '@radledger/devnet';
import { expect, test } from 'vitest';

const TRANSFER = fileURLToPath(import.meta.resolve('@radledger/devnet')).replace(/index\.js$/, 'transfer/main.js');

test('a large study: memory stays what a small one needs, and the first byte comes early', async () => {
  const { exitCode, stdout, stderr } = await runTool(TRANSFER, [
    '--mib',
    '160',
    '--rounds',
    '1',
    '--read-part',
    '0.15',
  ]);
  const result = JSON.parse(stdout) as {
    readonly readAtFirstByte: number;
    readonly hospital: { readonly growthMiB: number };
    readonly practice: { readonly growthMiB: number };
  };
  expect(result.readAtFirstByte, stderr).toBeLessThanOrEqual(0.15);
  expect(result.hospital.growthMiB, stderr).toBeLessThanOrEqual(64);
  expect(result.practice.growthMiB, stderr).toBeLessThanOrEqual(64);
  expect(exitCode, stderr).toBe(0);
});
