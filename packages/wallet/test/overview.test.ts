// Goal: what is shown without network is what was seen last, with its time, and what she asked for since.
import { beforeEach, describe, expect, test } from 'vitest';
import { createMemoryStore, createWallet, openWallet, type Wallet, type WalletPorts } from '../src/index.js';
import { createWorld, DAY_MS, signerOf, type World } from './wallet-fixture.js';

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

describe('a share that this device has not made', () => {
  const otherPhone = async () => {
    const other = await world.newWallet(wallet.words());
    await other.restore();
    return other;
  };
  const request = () => world.practice.request();

  // Regression: only what the device itself remembered was ever shown, so that nobody could stop what a thief of the sheet had shared.
  test('is found when the app is opened, without a name, and stopped', async () => {
    const studyId = await claim('1.1');
    const thief = await otherPhone();
    world.hospital.isDown = true; // the thief leaves no note
    const { tag } = await thief.allow({ studyId, request: await request(), notAfterMs: nowMs + DAY_MS });
    world.hospital.isDown = false;
    expect((await wallet.overview()).studies).toMatchObject([{ grants: [] }]);
    const requests = world.walletRequests.length;
    expect(await wallet.findGrantsWhenDue()).toBe(true);
    const asked = world.walletRequests.slice(requests);
    expect(new Set(asked)).toEqual(new Set(['GET /v1/state/buckets/']));
    const [grant] = (await wallet.overview()).studies[0]?.grants ?? [];
    expect(grant).toMatchObject({ tag, status: 'live' });
    expect(grant).not.toHaveProperty('recipientKey');
    await wallet.queueStop({ studyId, tag });
    await wallet.flush();
    expect((await wallet.overview()).studies).toMatchObject([{ grants: [{ tag, status: 'revoked' }] }]);
  });

  test('has its name when another phone of hers made it, also while this one is open', async () => {
    const studyId = await claim('1.1');
    await allow(studyId);
    await wallet.overview();
    await wallet.findGrantsWhenDue();
    const by = await signerOf('another practice');
    const other = await otherPhone();
    await other.allow({ studyId, request: await world.practice.request({ by }), notAfterMs: nowMs + DAY_MS });
    await wallet.overview();
    expect(await wallet.findGrantsWhenDue()).toBe(true);
    const [, grant] = (await wallet.overview()).studies[0]?.grants ?? [];
    expect(grant).toMatchObject({ status: 'live', recipientKey: by.publicKey, reason: 'second opinion' });
  });

  test('is found at a restore although the hospital answers', async () => {
    const studyId = await claim('1.1');
    const thief = await otherPhone();
    world.hospital.isDown = true;
    await thief.allow({ studyId, request: await request(), notAfterMs: nowMs + DAY_MS });
    world.hospital.isDown = false;
    expect(await (await otherPhone()).grants(studyId)).toMatchObject([{ status: 'live' }]);
  });

  test('is not hers to see in a study that she gave away', async () => {
    const { source, studyId } = await wallet.claim(
      world.hospital.invite({ studyInstanceUid: '1.1', label: 'CT, chest' }),
    );
    const maya = await world.newWallet();
    await wallet.moveOwner({ studyId, acceptance: await maya.acceptRole({ source, studyId, role: 'owner' }) });
    await maya.restore();
    await maya.allow({ studyId, request: await request(), notAfterMs: nowMs + DAY_MS });
    await wallet.overview();
    expect(await wallet.findGrantsWhenDue()).toBe(false);
    expect(await wallet.findGrants()).toBe(false);
    expect(await wallet.grants(studyId)).toEqual([]);
  });

  test('is looked for once, where anybody can have allowed anything, and not in a large ledger', async () => {
    const studyId = await claim('1.1');
    const reads = async (of = wallet) => {
      await of.overview();
      const before = world.walletRequests.length;
      expect(await of.findGrantsWhenDue()).toBe(false);
      return world.walletRequests.length - before;
    };
    expect(await reads()).toBe(0);
    await allow(studyId);
    expect(await reads()).toBeGreaterThan(0);
    expect(await reads()).toBe(0);
    await wallet.revoke({ studyId, tag: (await allow(studyId)).tag });
    await reads();
    expect(await reads()).toBe(0);

    world = await createWorld({ bucketCellsMax: 1 });
    wallet = await world.newWallet();
    await allow(await claim('1.1'));
    expect(await reads()).toBeLessThan(40);
    expect(await reads()).toBe(0);
  });
});
