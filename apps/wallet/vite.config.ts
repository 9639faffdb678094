import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type Plugin, type Rollup } from 'vite';

/** The chunk of the viewer. */
const VIEWER = /\/view-[\w-]+\.js$/;

/** Writes `service-worker.js` with the digest of every file built, and a version that is the digest of these. */
function pinnedFiles(): Plugin {
  return {
    name: 'radledger-service-worker',
    apply: 'build',
    writeBundle({ dir = 'dist' }, bundle) {
      const isLater = later(bundle);
      const names = readdirSync(dir, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
        .filter((name) => !name.startsWith('.vite/') && name !== 'service-worker.js');
      const files = names.sort().map((name) => {
        const digest = createHash('sha256')
          .update(readFileSync(join(dir, name)))
          .digest('base64');
        return [name === 'index.html' ? './' : `./${name}`, `sha256-${digest}`];
      });
      const version = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16);
      const source = readFileSync('src/service-worker.js', 'utf8').replace(
        '{/* pinned at build */}',
        JSON.stringify({
          version,
          files: Object.fromEntries(files.filter(([name = '']) => !isLater.has(name.slice(2)))),
          later: Object.fromEntries(files.filter(([name = '']) => isLater.has(name.slice(2)))),
        }),
      );
      writeFileSync(join(dir, 'service-worker.js'), source);
    },
  };
}

/** The viewer and what only it needs: fetched, and then kept, when it is used first. */
function later(bundle: Rollup.OutputBundle): ReadonlySet<string> {
  const reached = (from: readonly string[], isLazyToo: boolean): Set<string> => {
    const found = new Set<string>();
    const visit = (file: string): void => {
      const chunk = bundle[file];
      if (found.has(file)) return;
      found.add(file);
      if (chunk?.type !== 'chunk') return;
      const lazy = isLazyToo ? chunk.dynamicImports.filter((name) => !VIEWER.test(name)) : [];
      for (const name of [...chunk.imports, ...lazy]) visit(name);
    };
    for (const file of from) visit(file);
    return found;
  };
  const entries = Object.values(bundle).flatMap((chunk) =>
    chunk.type === 'chunk' && chunk.isEntry ? [chunk.fileName] : [],
  );
  const always = reached(entries, true);
  return new Set(Object.keys(bundle).filter((file) => /\.(js|wasm)$/.test(file) && !always.has(file)));
}

export default defineConfig({
  base: './',
  build: {
    target: 'es2023',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    manifest: true,
    chunkSizeWarningLimit: 4_000, // kB before compression; scripts/check-size.mjs judges what is sent
    // Libraries and parts of the first visit in one file: it compresses better than a file for what it shares with each later screen.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [{ name: 'start', tags: ['$initial'], test: /\/(node_modules|packages|parts|model)\// }],
        },
      },
    },
  },
  worker: { format: 'es' },
  plugins: [pinnedFiles()],
});
