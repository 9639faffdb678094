// Goal: the light client follows every consensus module, those whose finality trails behind too (`simplex`: tests/interop). Method: real nodes with short epochs;
// from genesis over the end of an epoch to a source that is proven, with nothing of the module but its finality verifier.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cellKey, genesisFromJson } from '@radledger/chain';
import { createLightClient, createNodeClient } from '@radledger/client';
import { createFinalityVerifier } from '@radledger/consensus';
import { authority } from '@radledger/consensus-authority';
import { longestChain } from '@radledger/consensus-longest-chain';
import { work } from '@radledger/consensus-work';
import { consensusNamed, createNodes, type DevProcess } from '@radledger/devnet';
import { publicKeyOf, toHex } from '@radledger/primitives';
import { afterEach, expect, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 });

/** The shortest that every module takes. */
const EPOCH_HEIGHTS = 64;

let running: DevProcess[] = [];
let folder: string | undefined;
afterEach(async () => {
  await Promise.all(running.map((process) => process.stop()));
  running = [];
  if (folder !== undefined) await rm(folder, { recursive: true });
});

const MODULES = { 'longest-chain': longestChain, authority, work };
/** In a soak all; else one whose finality trails behind. */
const named = (process.env['RADLEDGER_LIGHT_MODULES'] ?? 'longest-chain').split(',') as (keyof typeof MODULES)[];

test.each(named)('%s: the end of an epoch is followed, and a source is proven', async (name) => {
  const module = MODULES[name];
  folder = await mkdtemp(join(tmpdir(), 'radledger-light-'));
  const source = await publicKeyOf(new Uint8Array(32).fill(1));
  const consensus = consensusNamed(name);
  const net = await createNodes({
    folder,
    firstSource: toHex(source),
    consensus,
    parameters: { targetIntervalMs: 250, ...consensus.parameters, epochHeights: EPOCH_HEIGHTS },
  });
  for (const index of net.nodes.keys()) running.push(await net.start(index));
  const node = createNodeClient({ url: net.nodes[0]?.api ?? '' });
  const stop = new AbortController();
  for await (const event of node.events({ fromHeight: 1, signal: stop.signal })) {
    if (event.event === 'finalized' && event.height > EPOCH_HEIGHTS) break;
  }
  stop.abort();
  const { parameters } = genesisFromJson(JSON.parse(await readFile(net.genesisFile, 'utf8')));
  const [genesis] = await node.blocks({ from: 0, limit: 1 });
  const light = createLightClient({
    node,
    chainId: net.chainId,
    epochHeights: EPOCH_HEIGHTS,
    verifyFinality: createFinalityVerifier(module, parameters),
    checkpoint: { height: 0, id: genesis?.id ?? new Uint8Array(32) },
  });
  const { header } = await light.follow();
  expect(header.height).toBeGreaterThanOrEqual(EPOCH_HEIGHTS);
  const { values } = await light.cells([cellKey.source(source), cellKey.source(new Uint8Array(32).fill(9))]);
  expect(values[0]).toBeDefined();
  expect(values[1]).toBeUndefined();
});
