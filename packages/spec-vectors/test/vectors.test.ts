import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { allVectors, vectorText } from '../src/index.js';

const files = await allVectors();

test('each file of vectors has its maker', () => {
  const committed = readdirSync(new URL('../vectors', import.meta.url)).sort();
  expect(committed).toEqual(files.map(({ name }) => `${name}.json`).sort());
});

test.each(files)('$name: the packages give the committed bytes', (file) => {
  expect(vectorText(file)).toBe(readFileSync(new URL(`../vectors/${file.name}.json`, import.meta.url), 'utf8'));
});

test('Python, from the specifications alone, gives the same', () => {
  const script = fileURLToPath(new URL('../python/check_vectors.py', import.meta.url));
  const report = execFileSync('python3', ['-I', '-B', script], { encoding: 'utf8' });
  const cases = files.reduce((sum, file) => sum + file.cases.length, 0);
  expect(report.trim()).toBe(`${cases} cases in ${files.length} files reproduced`);
});
