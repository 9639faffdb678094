import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type Plugin } from 'vite';

/** Writes `service-worker.js` with the digest of every file built, and a version that is the digest of these. */
function pinnedFiles(): Plugin {
  return {
    name: 'radledger-service-worker',
    apply: 'build',
    writeBundle({ dir = 'dist' }) {
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
        JSON.stringify({ version, files: Object.fromEntries(files) }),
      );
      writeFileSync(join(dir, 'service-worker.js'), source);
    },
  };
}

export default defineConfig({
  base: './',
  build: {
    target: 'es2023',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    manifest: true,
    chunkSizeWarningLimit: 1_000, // kB before compression; scripts/check-size.mjs judges what is sent
    // Libraries of the first visit in one file: it compresses better than a file for what it shares with each later screen.
    rolldownOptions: {
      output: {
        codeSplitting: { groups: [{ name: 'start', tags: ['$initial'], test: /\/(node_modules|packages)\// }] },
      },
    },
  },
  plugins: [pinnedFiles()],
});
