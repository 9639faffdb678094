import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { allVectors, vectorText } from '../src/index.js';

const files = await allVectors();
const python = new URL('../python/', import.meta.url);

test('each file of vectors has its maker', () => {
  const committed = readdirSync(new URL('../vectors', import.meta.url)).sort();
  expect(committed).toEqual(files.map(({ name }) => `${name}.json`).sort());
});

test.each(files)('$name: the packages give the committed bytes', (file) => {
  expect(vectorText(file)).toBe(readFileSync(new URL(`../vectors/${file.name}.json`, import.meta.url), 'utf8'));
});

test.each(files)('$name: each case has a name of its own', ({ cases }) => {
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
});

// -S leaves out whatever else is installed: only the standard library can be imported.
test('Python, from the specifications alone, gives the same', () => {
  const script = fileURLToPath(new URL('check_vectors.py', python));
  const report = execFileSync('python3', ['-I', '-S', '-B', script], { encoding: 'utf8' });
  const cases = files.reduce((sum, file) => sum + file.cases.length, 0);
  expect(report.trim()).toBe(`${cases} cases in ${files.length} files reproduced`);
}, 60_000); // a second of work, which a busy machine stretches

test('the Python reads vectors and nothing else of ours', () => {
  const sources = readdirSync(python).filter((name) => name.endsWith('.py'));
  const reading = sources.filter((name) =>
    /\bopen\(|subprocess|import_module/.test(readFileSync(new URL(name, python), 'utf8')),
  );
  expect(reading).toEqual(['check_vectors.py']);
});
