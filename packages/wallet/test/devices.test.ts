// Goal: a device that her images are brought back on is heard of by the others, whatever writes cross on the way.
import { randomBytes, toHex } from '@radledger/primitives';
import { beforeEach, describe, expect, test } from 'vitest';
import { createMemoryStore, createWallet, openWallet, type Wallet, type WalletPorts } from '../src/index.js';
import { withDevices } from '../src/devices.js';
import { DEVICES_MAX, type DeviceRecord } from '../src/wallet-state.js';
import { createWorld, DAY_MS, type World } from './wallet-fixture.js';

const STUDY = { studyInstanceUid: '1.2.840.113619.2.1', label: 'MRI, knee' };

let world: World;
let first: Wallet;
let studyId: Uint8Array;
beforeEach(async () => {
  world = await createWorld();
  first = await world.newWallet();
  ({ studyId } = await first.claim(world.hospital.invite(STUDY)));
});

/** On another device, from her words; its notes are left when `flush` was called. */
const broughtBack = async (by: 'sheet' | 'helpers' | 'phone' = 'sheet', ports: Partial<WalletPorts> = {}) => {
  const other = await createWallet(world.ports(ports), { words: first.words() });
  await other.restore({ broughtBackBy: by });
  return other;
};
const allowOn = async (wallet: Wallet) =>
  wallet.allow({ studyId, request: await world.practice.request(), notAfterMs: Date.now() + DAY_MS });

describe('her first device', () => {
  test('hears of a restore on a second at its next look, until she has been asked', async () => {
    await first.lookForDevices();
    expect(first.newDevices()).toEqual([]);
    const atMs = Date.now() - 120_000; // its clock is not hers
    const second = await broughtBack('sheet', { now: () => atMs });
    expect(await second.flush()).toEqual({ left: 0 });
    expect(first.newDevices()).toEqual([]);
    await first.lookForDevices();
    expect(first.newDevices()).toEqual([{ atMs, by: 'sheet' }]);
    expect(second.newDevices()).toEqual([]); // not of itself
    await first.knowDevices();
    await first.lookForDevices();
    expect(first.newDevices()).toEqual([]);
  });

  test('hears of each, and the second hears of the third', async () => {
    const second = await broughtBack('sheet');
    await second.flush();
    const third = await broughtBack('phone');
    await third.flush();
    await first.lookForDevices();
    await second.lookForDevices();
    expect(first.newDevices().map(({ by }) => by)).toEqual(expect.arrayContaining(['sheet', 'phone']));
    expect(second.newDevices()).toMatchObject([{ by: 'phone' }]);
    // Who brings images back learns who did before: her own phone may be gone.
    expect(third.newDevices()).toMatchObject([{ by: 'sheet' }]);
  });

  test('remembers it over a restart, and asks no node for it', async () => {
    const store = createMemoryStore();
    const asking = await createWallet(world.ports({ store }), { words: first.words() });
    await asking.restore();
    await (await broughtBack()).flush();
    const before = world.walletRequests.length;
    await asking.lookForDevices();
    const seen = new Set(world.walletRequests.slice(before));
    expect([...seen].filter((request) => /\/(owners|studies|grants|transactions)\//.test(request))).toEqual([]);
    const again = (await openWallet(world.ports({ store }))) as Wallet;
    expect(again.newDevices()).toHaveLength(1);
  });

  test('hears of it also when its own note crossed the other’s', async () => {
    const second = await broughtBack();
    await second.flush();
    await allowOn(first); // reads the note before it leaves its own
    expect(first.newDevices()).toHaveLength(1);
    const third = await world.newWallet(first.words());
    await third.restore();
    await third.lookForDevices();
    expect(third.newDevices()).toHaveLength(1);
  });

  test('and when an older version of the app wrote over it: the second leaves it again', async () => {
    const second = await broughtBack();
    await second.flush();
    world.hospital.forgetNotes();
    await first.lookForDevices();
    expect(first.newDevices()).toEqual([]);
    await second.lookForDevices();
    await second.flush();
    await first.lookForDevices();
    expect(first.newDevices()).toHaveLength(1);
  });

  test('hears of it later when the source was away during the restore', async () => {
    world.hospital.isDown = true;
    const second = await broughtBack();
    expect((await second.flush()).left).toBe(1);
    world.hospital.isDown = false;
    await second.lookForDevices();
    expect(second.pending()).toMatchObject([{ kind: 'note' }]);
  });
});

test('what one device allowed is in the note of the other', async () => {
  const second = await broughtBack();
  await second.flush();
  const { tag } = await allowOn(second);
  await first.lookForDevices();
  expect(await first.grants(studyId)).toMatchObject([{ tag, status: 'live', reason: 'second opinion' }]);
});

test('a search that brings nothing back to a new device tells nobody', async () => {
  const second = await world.newWallet(first.words());
  await second.restore();
  await second.flush();
  await first.lookForDevices();
  expect(first.newDevices()).toEqual([]);
});

describe('stopping everyone', () => {
  test('ends every grant, and takes back what was not sent', async () => {
    const { studyId: other } = await first.claim(world.hospital.invite({ ...STUDY, studyInstanceUid: '1.2.3' }));
    const { tag } = await allowOn(first);
    await first.queueAllow({
      studyId: other,
      request: await world.practice.request(),
      notAfterMs: Date.now() + DAY_MS,
    });
    await first.overview();
    await first.queueStopAll();
    expect(first.pending()).toMatchObject([{ kind: 'stop', tag }]);
    await first.queueStopAll();
    expect(first.pending()).toHaveLength(1);
    expect(await first.flush()).toEqual({ left: 0 });
    expect(await first.grants(studyId)).toMatchObject([{ status: 'revoked' }]);
    expect(await first.grants(other)).toEqual([]);
    await first.overview();
    await first.queueStopAll();
    expect(first.pending()).toEqual([]);
  });

  test('ends those that a second device allowed, once they are found, and leaves other profiles alone', async () => {
    const second = await broughtBack();
    const { tag } = await allowOn(second);
    const child = await world.newWallet();
    const { studyId: childs } = await child.claim(world.hospital.invite({ ...STUDY, studyInstanceUid: '1.2.4' }));
    await child.allow({ studyId: childs, request: await world.practice.request(), notAfterMs: Date.now() + DAY_MS });
    await first.findGrants();
    await first.queueStopAll();
    await first.flush();
    expect(await second.grants(studyId)).toMatchObject([{ tag, status: 'revoked' }]);
    expect(await child.grants(childs)).toMatchObject([{ status: 'live' }]);
  });

  test('ends who acts for her', async () => {
    const friend = await world.newWallet();
    const acceptance = await friend.acceptRole({ source: world.hospital.source, studyId, role: 'delegate' });
    await first.setDelegate({ studyId, acceptance, notAfterMs: Date.now() + 10 * DAY_MS });
    await first.overview();
    await first.queueStopAll();
    expect(first.pending()).toMatchObject([{ kind: 'end-delegate' }]);
    await first.flush();
    expect((await first.study(studyId)).delegate).toBeUndefined();
  });
});

test('of many devices the newest are kept, and this one always', () => {
  const own: DeviceRecord = { id: randomBytes(8), atMs: 0, by: 'sheet', standing: 'own' };
  const noted = Array.from({ length: 40 }, (_, atMs) => ({ id: randomBytes(8), atMs, by: 'sheet' as const }));
  const kept = withDevices([own], noted);
  expect(kept).toHaveLength(DEVICES_MAX);
  expect(kept[0]).toBe(own);
  expect(kept.slice(1).map(({ atMs }) => atMs)).toEqual(Array.from({ length: DEVICES_MAX - 1 }, (_, at) => 39 - at));
  expect(withDevices(kept, noted.slice(-3)).map(({ id }) => toHex(id))).toEqual(kept.map(({ id }) => toHex(id)));
});
