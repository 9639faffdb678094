// Goal: kill -9 at any moment loses nothing finalized and leads to no conflicting vote.
// Method: four real processes; the fourth kills itself inside its own writing (src/crash-point.mjs) at seeded points, again and again.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CellChange, hashedKeyOf, type StateReader, updateTree } from '@radledger/chain';
import { createNodeClient, type NodeClient } from '@radledger/client';
import { decodeSignRecord } from '@radledger/consensus';
import { createNodes, DevnetError, type DevNodes, type DevProcess } from '@radledger/devnet';
import { compareBytes, decodePrivateKeyPem, publicKeyOf, toHex } from '@radledger/primitives';
import { openSignLog, openStore } from '@radledger/storage';
import { openDatabaseFolder } from '@radledger/storage/classic-level';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type KillPoint, killPoint } from '../src/kill-points.js';
import { VoteBook } from '../src/vote-book.js';

const SEED = Number(process.env['RADLEDGER_SEED'] ?? 1);
const KILLS = Number(process.env['RADLEDGER_KILLS'] ?? 25);
const VICTIM = 3;

let folder: string;
let net: DevNodes;
const running: DevProcess[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'radledger-kill-'));
  const firstSource = toHex(await publicKeyOf(new Uint8Array(32).fill(1)));
  net = await createNodes({ folder, firstSource, parameters: { targetIntervalMs: 150, assumedDelayMs: 200 } });
  running.push(...(await Promise.all([0, 1, 2].map((index) => net.start(index)))));
});
afterAll(async () => {
  await Promise.all(running.map((process) => process.stop()));
  await rm(folder, { recursive: true });
});

test(`${KILLS} seeded kill points: nothing finalized is lost, no conflicting vote, and the node comes back`, async () => {
  const survivor = clientOf(0);
  const votes = new VoteBook();
  let height = 0;
  for (let index = 0; index < KILLS; index++) {
    const point = killPoint(SEED, index);
    const announced = await runUntilKilled(point);
    const where = `seed ${SEED}, kill ${index}: ${JSON.stringify(point)}`;
    const tip = await inspectStore(where);
    expect(tip.height, where).toBeGreaterThanOrEqual(Math.max(announced, height));
    height = tip.height;
    await finalizedAt(survivor, height);
    expect((await survivor.block(height))?.id, where).toEqual(tip.id);
    await inspectSignLog(votes, where);
  }
  running.push(await net.start(VICTIM));
  const { height: reached } = await survivor.status();
  await finalizedAt(clientOf(VICTIM), reached);
  expect((await clientOf(VICTIM).status()).voting).toMatchObject({ allowed: true });
});

function clientOf(index: number): NodeClient {
  return createNodeClient({ url: net.nodes[index]?.api as string });
}

/** Runs the victim until its kill point; gives the highest height that it told its clients was final. */
async function runUntilKilled(point: KillPoint): Promise<number> {
  const preload = new URL('../src/crash-point.mjs', import.meta.url).href;
  let process: DevProcess;
  try {
    process = await net.start(VICTIM, {
      nodeOptions: ['--import', preload],
      environment: { CRASH_POINT: JSON.stringify(point) },
    });
  } catch (error) {
    if (error instanceof DevnetError && error.code === 'PROCESS_FAILED') return 0; // killed before it listened
    throw error;
  }
  let announced = 0;
  const abort = new AbortController();
  const listening = (async () => {
    for await (const event of clientOf(VICTIM).events({ fromHeight: 0, signal: abort.signal })) {
      if (event.event === 'finalized') announced = event.height;
    }
  })().catch(() => undefined);
  await process.exited;
  abort.abort();
  await listening;
  return announced;
}

async function finalizedAt(client: NodeClient, height: number): Promise<void> {
  const abort = new AbortController();
  for await (const event of client.events({ fromHeight: height, signal: abort.signal })) {
    if (event.event === 'finalized' && event.height >= height) return abort.abort();
  }
}

/** Opens the dead node's database, and makes its whole state tree again from the cells alone. */
async function inspectStore(where: string): Promise<{ height: number; id: Uint8Array }> {
  const database = await openDatabaseFolder({ folder: join(victimFolder(), 'db'), create: false });
  const store = await openStore(database, { chainId: net.chainId });
  try {
    const { tip } = store;
    if (tip === undefined) return { height: 0, id: (await clientOf(0).block(0))?.id as Uint8Array };
    const cells = await store.scan(new Uint8Array());
    const changes: CellChange[] = cells
      .map(([name, value]) => ({ key: hashedKeyOf(name), name, value: () => value }))
      .sort((a, b) => compareBytes(a.key, b.key));
    const { root } = await updateTree(EMPTY_STATE, changes);
    expect(toHex(root), where).toBe(toHex(tip.header.stateRoot));
    return tip;
  } finally {
    await store.close();
  }
}

const EMPTY_STATE: StateReader = {
  getMany: async (names) => names.map(() => undefined),
  scan: async () => [],
  getNodes: async (paths) => paths.map(() => undefined),
};

async function inspectSignLog(votes: VoteBook, where: string): Promise<void> {
  const seed = decodePrivateKeyPem(await readFile(join(victimFolder(), 'node.pem'), 'utf8'));
  const log = await openSignLog(join(victimFolder(), 'sign-log'), { nodeKey: await publicKeyOf(seed) });
  try {
    expect(() => log.records.forEach((record) => votes.add(decodeSignRecord(record))), where).not.toThrow();
  } finally {
    await log.close();
  }
}

function victimFolder(): string {
  return net.nodes[VICTIM]?.folder as string;
}
