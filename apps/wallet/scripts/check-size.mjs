/**
 * The JavaScript that the first screen needs, compressed: printed at each build, which fails above the budget. Beside it what the app loads
 * by itself while that screen is looked at.
 */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const INITIAL_BYTES_MAX = 200_000;
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));

/** A file and what it imports at once, without those that are there already. */
const filesOf = (name, others = new Set()) => {
  const found = new Set();
  const visit = (name) => {
    const chunk = manifest[name];
    if (found.has(chunk.file) || others.has(chunk.file)) return;
    found.add(chunk.file);
    for (const imported of chunk.imports ?? []) visit(imported);
  };
  visit(name);
  return found;
};
const sizeOf = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;
const languages = Object.values(manifest).filter(({ src }) => src?.startsWith('src/texts/'));
const language = Math.max(0, ...languages.map(({ file }) => sizeOf(file)));
const sum = (files) => [...files].map(sizeOf).reduce((total, size) => total + size, 0);
// Of the languages a visit loads one: the largest counts.
const initial = filesOf('index.html');
const total = sum(initial) + language;
const afterwards = filesOf('src/model/opening.ts', initial);
console.log(`initial JavaScript: ${total} bytes gzip in ${initial.size + 1} files (budget ${INITIAL_BYTES_MAX})`);
console.log(`by itself while the first screen is looked at: ${sum(afterwards)} bytes gzip in ${afterwards.size} files`);
if (total > INITIAL_BYTES_MAX) {
  console.error('the first visit loads too much: load what is seldom used when it is used');
  process.exitCode = 1;
}
