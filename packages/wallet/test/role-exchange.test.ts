// Goal: two people agree on a role by two links; it is done once, whatever fails in between, and ends when the owner says so.
import {
  encodeRoleAnswerLink,
  encodeRoleOfferLink,
  type Role,
  type RoleAnswer,
  readRoleAnswerLink,
  readRoleOfferLink,
} from '@radledger/handover';
import { equalBytes } from '@radledger/primitives';
import { isKind } from '@radledger/transactions';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  createMemoryStore,
  createWallet,
  endOfDay,
  GRANT_SPREAD_MS,
  openWallet,
  roleAnswerWords,
  type Wallet,
  type WalletPorts,
} from '../src/index.js';
import { createWorld, DAY_MS, type World } from './wallet-fixture.js';

const PAGE = 'https://images.example/';

let world: World;
let nowMs: number;
let isOffline: boolean;
let mariasPorts: WalletPorts;
let maria: Wallet;
let anna: Wallet;

beforeEach(async () => {
  world = await createWorld();
  nowMs = Date.now();
  isOffline = false;
  const base = world.ports({ store: createMemoryStore(), now: () => nowMs });
  const submit: WalletPorts['node']['submit'] = (...args) =>
    isOffline ? Promise.reject(new Error('offline')) : base.node.submit(...args);
  mariasPorts = { ...base, node: { ...base.node, submit } };
  maria = await createWallet(mariasPorts);
  anna = await world.newWallet();
});

const claim = async (studyInstanceUid = '1.2.3'): Promise<Uint8Array> =>
  (await maria.claim(world.hospital.invite({ studyInstanceUid, label: 'CT, chest' }))).studyId;

/** What travels, as it travels. */
async function answered(
  role: Role,
  studyIds: readonly Uint8Array[],
  by = anna,
): Promise<RoleAnswer & { readonly answerBytes: Uint8Array }> {
  const offered = encodeRoleOfferLink(await maria.offerRole({ role, displayName: 'Maria', studyIds }), PAGE);
  const offer = readRoleOfferLink(offered, { chainId: maria.chainId, nowMs });
  const link = encodeRoleAnswerLink(await by.answerOffer({ offer, displayName: 'Anna' }), PAGE);
  return readRoleAnswerLink(link, { chainId: maria.chainId, nowMs });
}

async function name(studyIds: readonly Uint8Array[], days = 30): Promise<void> {
  await maria.queueRole({ answer: await answered('delegate', studyIds), notAfterMs: nowMs + days * DAY_MS });
}

async function recordsOf(kind: 'set-delegate' | 'move-owner'): Promise<number> {
  const { LedgerView } = await import('../src/ledger-view.js');
  const view = new LedgerView(mariasPorts.node, maria.chainId);
  let count = 0;
  for (let height = 1; height <= world.node.height; height++) {
    count += (await view.transactionsAt(height)).filter((signed) => isKind(signed, kind)).length;
  }
  return count;
}

describe('a delegate', () => {
  test('named by two links shares and stops, and both see until when', async () => {
    const studyId = await claim();
    await name([studyId]);
    expect((await maria.overview()).studies).toMatchObject([{ given: { role: 'delegate', name: 'Anna' } }]);
    expect(await maria.flush()).toEqual({ left: 0 });
    const untilMs = endOfDay(nowMs + 30 * DAY_MS);
    const { studies } = await maria.overview();
    expect(studies).toMatchObject([{ delegate: { notAfterMs: untilMs }, given: { name: 'Anna' } }]);
    await anna.takeInRoles();
    expect((await anna.overview()).studies).toMatchObject([
      { role: 'delegate', status: 'active', label: 'CT, chest', from: 'Maria', delegate: { notAfterMs: untilMs } },
    ]);
    const request = await world.practice.request();
    const { tag } = await anna.allow({ studyId, request, notAfterMs: nowMs + DAY_MS });
    expect(await world.practice.notices(request)).toMatchObject([{ tag }]);
    expect(await maria.grants(studyId)).toEqual([]);
    await maria.findGrants();
    expect(await maria.grants(studyId)).toMatchObject([{ tag, status: 'live' }]);
    await anna.revoke({ studyId, tag });
    expect(await maria.grants(studyId)).toMatchObject([{ status: 'revoked' }]);
  });

  test('is ended by the owner at once, also while her naming is on its way, and then does nothing', async () => {
    const studyId = await claim();
    await name([studyId]);
    await maria.queueEndDelegate(studyId);
    await maria.flush();
    expect(await recordsOf('set-delegate')).toBe(0); // it had not left
    await name([studyId]);
    await maria.flush();
    await anna.takeInRoles();
    await maria.queueEndDelegate(studyId);
    expect(maria.pending()).toMatchObject([{ kind: 'end-delegate', state: 'waiting' }]);
    expect(await maria.flush()).toEqual({ left: 0 });
    expect((await maria.overview()).studies[0]?.delegate).toBeUndefined();
    expect((await anna.overview()).studies).toMatchObject([{ status: 'moved-away' }]);
    const request = await world.practice.request();
    await expect(anna.allow({ studyId, request, notAfterMs: nowMs + DAY_MS })).rejects.toMatchObject({
      code: 'STUDY_NOT_ACTIVE',
    });
  });

  test('sent and not known to be final, then ended: the end comes after it', async () => {
    const studyId = await claim();
    await name([studyId]);
    const { node } = mariasPorts;
    const cut = await openWallet({
      ...mariasPorts,
      node: { ...node, waitForFinalized: () => Promise.reject(new Error('the app was closed')) },
    });
    await cut?.flush();
    const again = (await openWallet(mariasPorts)) as Wallet;
    expect(again.pending()).toMatchObject([{ kind: 'delegate', state: 'sent' }]);
    await again.queueEndDelegate(studyId);
    expect(await again.flush()).toEqual({ left: 0 });
    expect(await recordsOf('set-delegate')).toBe(2);
    expect((await again.overview()).studies[0]?.delegate).toBeUndefined();
  });

  test('can be named again with the same key, for longer', async () => {
    const studyId = await claim();
    await name([studyId], 3);
    await maria.flush();
    await name([studyId], 9);
    await maria.flush();
    await anna.takeInRoles();
    const untilMs = endOfDay(nowMs + 9 * DAY_MS);
    expect((await anna.overview()).studies).toMatchObject([{ delegate: { notAfterMs: untilMs } }]);
  });

  test('comes back from her words, with what she needs to allow', async () => {
    const studyId = await claim();
    await name([studyId]);
    await maria.flush();
    const restored = await world.newWallet(anna.words());
    expect(await restored.restore()).toEqual({ studies: 1, unanswered: [] });
    const request = await world.practice.request();
    await restored.allow({ studyId, request, notAfterMs: nowMs + DAY_MS });
    expect(await world.practice.notices(request)).toHaveLength(1);
  });

  test('whose source is away when the ledger names her is told later', async () => {
    const studyId = await claim();
    await name([studyId]);
    await maria.flush();
    world.hospital.isDown = true;
    await anna.takeInRoles();
    expect((await anna.overview()).studies).toMatchObject([{ role: 'delegate', status: 'active' }]);
    expect((await anna.overview()).studies[0]?.label).toBeUndefined();
    world.hospital.isDown = false;
    await anna.takeInRoles();
    expect((await anna.overview()).studies).toMatchObject([{ studyId, label: 'CT, chest' }]);
  });
});

describe('a hand-over', () => {
  test('moves the study: the new owner shares, the old one cannot, her permissions end', async () => {
    const studyId = await claim();
    const before = await maria.allow({ studyId, request: await world.practice.request(), notAfterMs: nowMs + DAY_MS });
    await maria.queueRole({ answer: await answered('owner', [studyId]), notAfterMs: 0 });
    expect(await maria.flush()).toEqual({ left: 0 });
    expect((await maria.overview()).studies).toMatchObject([
      { status: 'moved-away', given: { role: 'owner', name: 'Anna' }, grants: [{ tag: before.tag, status: 'ended' }] },
    ]);
    const request = await world.practice.request();
    await expect(maria.allow({ studyId, request, notAfterMs: nowMs + DAY_MS })).rejects.toMatchObject({
      code: 'STUDY_NOT_ACTIVE',
    });
    await anna.takeInRoles();
    expect((await anna.overview()).studies).toMatchObject([{ role: 'owner', status: 'active', label: 'CT, chest' }]);
    await anna.allow({ studyId, request, notAfterMs: nowMs + DAY_MS });
    expect(await world.practice.notices(request)).toHaveLength(1);
  });

  test('interrupted anywhere goes on after a restart, and is done once', async () => {
    const studyIds = [await claim('1.2.3'), await claim('1.2.4')];
    await maria.queueRole({ answer: await answered('owner', studyIds), notAfterMs: 0 });
    isOffline = true;
    await maria.flush();
    isOffline = false;
    const again = (await openWallet(mariasPorts)) as Wallet;
    expect(again.pending()).toMatchObject([{ kind: 'move' }, { kind: 'move', state: 'waiting' }]);
    nowMs += 60_000;
    const { nextAtMs } = await again.flush();
    expect(await recordsOf('move-owner')).toBe(1); // the second is held back: two in one block are one person's
    expect(nextAtMs).toBeLessThanOrEqual(nowMs + GRANT_SPREAD_MS);
    await again.sendNow();
    expect(await again.flush()).toEqual({ left: 0 });
    expect(await recordsOf('move-owner')).toBe(2);
    await anna.takeInRoles();
    await anna.takeInRoles();
    expect((await anna.overview()).studies).toMatchObject([{ status: 'active' }, { status: 'active' }]);
    await again.flush();
    expect(await recordsOf('move-owner')).toBe(2);
  });

  test('survives that the new phone is restarted, and shown the offer again', async () => {
    const studyId = await claim();
    const store = createMemoryStore();
    const maya = await createWallet(world.ports({ store }));
    const first = await answered('owner', [studyId], maya);
    const again = (await openWallet(world.ports({ store }))) as Wallet;
    const second = await answered('owner', [studyId], again);
    expect(second.studies).toEqual(first.studies);
    await maria.queueRole({ answer: first, notAfterMs: 0 });
    await maria.flush();
    await again.takeInRoles();
    expect((await again.overview()).studies).toMatchObject([{ status: 'active', label: 'CT, chest' }]);
  });

  test('and back again: each move takes a fresh key', async () => {
    const studyId = await claim();
    const first = await answered('owner', [studyId]);
    await maria.queueRole({ answer: first, notAfterMs: 0 });
    await maria.flush();
    await anna.takeInRoles();
    const offer = await anna.offerRole({ role: 'owner', displayName: 'Anna', studyIds: [studyId] });
    const link = encodeRoleAnswerLink(await maria.answerOffer({ offer, displayName: 'Maria' }), PAGE);
    await anna.queueRole({ answer: await readRoleAnswerLink(link, { chainId: anna.chainId, nowMs }), notAfterMs: 0 });
    await anna.flush();
    await maria.takeInRoles();
    expect((await maria.overview()).studies).toMatchObject([{ role: 'owner', status: 'active', label: 'CT, chest' }]);
    const third = await answered('owner', [studyId]);
    expect(equalBytes(third.studies[0]?.key as Uint8Array, first.studies[0]?.key as Uint8Array)).toBe(false);
  });
});

test('an answer for a study that is not hers is refused, and nothing is written down', async () => {
  const studyId = await claim();
  const answer = await answered('owner', [studyId]);
  const stranger = await world.newWallet();
  await expect(stranger.queueRole({ answer, notAfterMs: 0 })).rejects.toMatchObject({ code: 'STUDY_UNKNOWN' });
  const elsewhere = { ...answer, chainId: new Uint8Array(32) };
  await expect(maria.queueRole({ answer: elsewhere, notAfterMs: 0 })).rejects.toMatchObject({
    code: 'ACCEPTANCE_MISMATCH',
  });
  expect(maria.pending()).toEqual([]);
});

test('a delegate offers no role to others', async () => {
  const studyId = await claim();
  await name([studyId]);
  await maria.flush();
  await anna.takeInRoles();
  const offer = anna.offerRole({ role: 'delegate', displayName: 'Anna', studyIds: [studyId] });
  await expect(offer).rejects.toMatchObject({ code: 'NOT_OWNER' });
});

test('both devices show the same four words of an answer, and others of another', async () => {
  const studyId = await claim();
  const { answerBytes } = await answered('delegate', [studyId]);
  const words = roleAnswerWords(answerBytes);
  expect(words.split(' ')).toHaveLength(4);
  expect(roleAnswerWords((await answered('owner', [studyId])).answerBytes)).not.toBe(words);
});
