import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';

/** Writes `service-worker.js` with the names of everything built and a version that is the digest of it all. */
function pinnedFiles(): Plugin {
  return {
    name: 'radledger-service-worker',
    apply: 'build',
    enforce: 'post', // index.html is there by then
    generateBundle(_options, bundle) {
      const digest = createHash('sha256');
      const built = Object.keys(bundle).filter((file) => !file.startsWith('.vite/'));
      const files = [...built, ...readdirSync('public')].sort();
      for (const file of files) {
        const chunk = bundle[file];
        digest.update(file);
        digest.update(
          chunk === undefined ? readFileSync(`public/${file}`) : chunk.type === 'chunk' ? chunk.code : chunk.source,
        );
      }
      const pinned = { version: digest.digest('hex').slice(0, 16), files: ['./', ...files.map((file) => `./${file}`)] };
      const source = readFileSync('src/service-worker.js', 'utf8').replace(
        '{/* pinned at build */}',
        JSON.stringify(pinned),
      );
      this.emitFile({ type: 'asset', fileName: 'service-worker.js', source });
    },
  };
}

export default defineConfig({
  base: './',
  build: { target: 'es2023', modulePreload: { polyfill: false }, assetsInlineLimit: 0, manifest: true },
  plugins: [pinnedFiles()],
});
