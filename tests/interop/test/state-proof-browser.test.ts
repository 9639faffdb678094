/** The checker of state proofs runs in a browser: presence, absence and buckets, and every forgery among the vectors. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { chromiumIsMissing, evaluateInChromium } from '../src/chromium.js';

interface JudgedProof {
  readonly name: string;
  readonly output: boolean;
}
const file = readFileSync(
  fileURLToPath(import.meta.resolve('@radledger/spec-vectors/vectors/state-proofs-judged.json')),
  'utf8',
);
const { cases } = JSON.parse(file) as { cases: readonly JudgedProof[] };

const JUDGE = `
import { decodeCellProof, verifyBucket, verifyCellProof } from '@radledger/chain';
import { fromHex } from '@radledger/primitives';
function judge({ root, name, value, prefix, cells, proof }) {
  const stateRoot = fromHex(root);
  try {
    const decoded = decodeCellProof(fromHex(proof));
    if (prefix === undefined) {
      const expected = value === null || value === undefined ? undefined : fromHex(value);
      return verifyCellProof({ stateRoot, name: fromHex(name), value: expected, proof: decoded });
    }
    const listed = cells.map(([cell, content]) => ({ name: fromHex(cell), value: fromHex(content) }));
    return verifyBucket({ stateRoot, prefix, cells: listed, proof: decoded });
  } catch {
    return false; // not even a proof
  }
}
export const judgeAll = (inputs) => inputs.map(judge);`;

test.skipIf(chromiumIsMissing)('Chromium gives the verdict of every judged proof', async () => {
  const { outputFiles } = await build({
    stdin: { contents: JUDGE, resolveDir: dirname(fileURLToPath(import.meta.url)), loader: 'js' },
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'radledger',
    platform: 'browser',
  });
  const inputs = JSON.stringify((JSON.parse(file) as { cases: { input: unknown }[] }).cases.map(({ input }) => input));
  const verdicts = (await evaluateInChromium(outputFiles[0]?.text ?? '', `radledger.judgeAll(${inputs})`)) as boolean[];
  expect(cases.map(({ name }, index) => [name, verdicts[index]])).toEqual(
    cases.map(({ name, output }) => [name, output]),
  );
  expect(verdicts).toContain(true);
  expect(verdicts).toContain(false);
});
