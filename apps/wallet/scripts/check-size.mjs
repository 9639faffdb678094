/** The JavaScript that a first visit loads, compressed: printed at each build, which fails above the budget. */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const INITIAL_BYTES_MAX = 200_000;
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));

/** The entry, what it imports at once, and the largest of the language files, of which a visit loads one. */
const initial = new Set();
const visit = (name) => {
  const chunk = manifest[name];
  if (initial.has(chunk.file)) return;
  initial.add(chunk.file);
  for (const imported of chunk.imports ?? []) visit(imported);
};
visit('index.html');
const sizeOf = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;
const languages = Object.values(manifest).filter(({ src }) => src?.startsWith('src/texts/'));
const language = Math.max(0, ...languages.map(({ file }) => sizeOf(file)));
const total = [...initial].map(sizeOf).reduce((sum, size) => sum + size, language);
console.log(`initial JavaScript: ${total} bytes gzip in ${initial.size + 1} files (budget ${INITIAL_BYTES_MAX})`);
if (total > INITIAL_BYTES_MAX) {
  console.error('the first visit loads too much: load what is seldom used when it is used');
  process.exitCode = 1;
}
