// Goal: what is shown without network is what was seen last, with its time, and what she asked for since.
import { beforeEach, expect, test } from 'vitest';
import { createMemoryStore, createWallet, openWallet, type Wallet, type WalletPorts } from '../src/index.js';
import { createWorld, DAY_MS, type World } from './wallet-fixture.js';

let world: World;
let ports: WalletPorts;
let wallet: Wallet;
let nowMs: number;
beforeEach(async () => {
  world = await createWorld();
  nowMs = Date.now();
  ports = world.ports({ store: createMemoryStore(), now: () => nowMs });
  wallet = await createWallet(ports);
});

const claim = async (studyInstanceUid: string) =>
  (await wallet.claim(world.hospital.invite({ studyInstanceUid, label: 'CT, chest' }))).studyId;
const allow = async (studyId: Uint8Array) => {
  const request = await world.practice.request();
  return wallet.allow({ studyId, request, notAfterMs: nowMs + DAY_MS });
};
const offline: WalletPorts['node']['status'] = () => Promise.reject(new Error('offline'));

test('one reading shows studies, sources and grants', async () => {
  const studyId = await claim('1.1');
  await claim('1.2');
  await allow(studyId);
  const requests = world.walletRequests.length;
  expect(await wallet.overview()).toMatchObject({
    atMs: nowMs,
    studies: [
      { status: 'active', label: 'CT, chest', sourceName: 'City Hospital', grants: [{ status: 'live' }] },
      { status: 'active', grants: [] },
    ],
  });
  // PW-10: by bucket, and few of them.
  expect(world.walletRequests.slice(requests)).toEqual(['GET /v1/status', 'GET /v1/state/buckets/']);
});

test('an app without network shows the last one, with its time and a Stop that waits', async () => {
  expect(wallet.lastOverview()).toBeUndefined();
  const studyId = await claim('1.1');
  const { tag } = await allow(studyId);
  const seen = await wallet.overview();
  const seenAtMs = nowMs;
  nowMs += 3_600_000;
  const later = (await openWallet({ ...ports, node: { ...ports.node, status: offline } })) as Wallet;
  expect(later.lastOverview()).toEqual(seen);
  await later.queueStop({ studyId, tag });
  expect(later.lastOverview()).toMatchObject({
    atMs: seenAtMs,
    studies: [{ grants: [{ status: 'live', isStopping: true }] }],
  });
  await expect(later.overview()).rejects.toThrow('offline');
});

test('a reading that shows nothing new is not written again within a minute', async () => {
  await claim('1.1');
  let saves = 0;
  const { store } = ports;
  const counting = { load: () => store.load(), save: (next: Uint8Array) => ((saves += 1), store.save(next)) };
  wallet = (await openWallet({ ...ports, store: counting })) as Wallet;
  await wallet.overview();
  await wallet.overview();
  expect(saves).toBe(1);
  nowMs += 60_000;
  await wallet.overview();
  expect(saves).toBe(2);
  await world.hospital.retire((await wallet.studies())[0]?.studyId ?? new Uint8Array(32));
  expect(await wallet.overview()).toMatchObject({ studies: [{ status: 'retired' }] });
  expect(saves).toBe(3);
});
