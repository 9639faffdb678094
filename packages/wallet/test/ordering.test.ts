// Goal: what an app does when it is opened, and what its buttons order. Method: a hospital in memory that speaks the real messages.
import { createGatewayClient } from '@radledger/client';
import {
  createImageRequest,
  decodeErasureNote,
  decodeMailboxLink,
  encodeImageRequestLink,
  sealMailboxRequest,
} from '@radledger/handover';
import { randomBytes, toHex } from '@radledger/primitives';
import { beforeEach, expect, test } from 'vitest';
import { createWallet, type Wallet } from '../src/index.js';
import { createWorld, DAY_MS, type World } from './wallet-fixture.js';

const STUDY = { studyInstanceUid: '1.2.840.113619.2.1', label: 'MRI, knee' };
const NEXT = { studyInstanceUid: '1.2.840.113619.2.2', label: 'X-ray, knee' };

let world: World;
let wallet: Wallet;
let studyId: Uint8Array;
beforeEach(async () => {
  world = await createWorld();
  wallet = await world.newWallet();
  ({ studyId } = await wallet.claim(world.hospital.invite(STUDY)));
});

const labels = async (of = wallet) => (await of.studies()).map(({ label }) => label);

test('keys are left once, and topped up when few are left', async () => {
  expect(await wallet.leaveKeys(studyId)).toMatchObject({ link: 'active', keysLeft: 10 });
  expect(await wallet.leaveKeys(studyId)).toMatchObject({ keysLeft: 10 });
  world.hospital.desk.keys = world.hospital.desk.keys.slice(6);
  const { standings, unanswered } = await wallet.askSources();
  expect(standings).toMatchObject([{ link: 'active', keysLeft: 10 }]);
  expect(unanswered).toEqual([]);
  const keys = world.hospital.desk.keys.map(({ ownerKey }) => toHex(ownerKey));
  expect(new Set(keys).size).toBe(10);
});

test('a study that came on such a key is there when the app is opened, and is found by the words too', async () => {
  await wallet.leaveKeys(studyId);
  await world.hospital.sendByLink(NEXT);
  await wallet.askSources();
  expect(await labels()).toEqual([STUDY.label, NEXT.label]);
  await wallet.askSources();
  expect(await labels()).toEqual([STUDY.label, NEXT.label]);
  const restored = await world.newWallet(wallet.words());
  await restored.restore();
  expect(await labels(restored)).toEqual([STUDY.label, NEXT.label]);
  // A claim on the new device takes none of the keys that are still left: the next of them brings another study.
  await restored.claim(world.hospital.invite({ studyInstanceUid: '1.2.3', label: 'MRI, hip' }));
  await world.hospital.sendByLink({ studyInstanceUid: '1.2.4', label: 'MRI, hand' });
  await restored.askSources();
  expect(await labels(restored)).toEqual([STUDY.label, NEXT.label, 'MRI, hip', 'MRI, hand']);
});

// Regression: an app left keys only where a link was active, and nothing ever made one, so that no study came by itself.
test('a source that never had keys of hers gets some when the app is opened, but not once she ended that', async () => {
  expect((await wallet.askSources()).standings).toMatchObject([{ link: 'none' }]);
  expect((await wallet.askSources({ startLinks: true })).standings).toMatchObject([{ link: 'active', keysLeft: 10 }]);
  await world.hospital.sendByLink(NEXT);
  const { standings } = await wallet.askSources({ startLinks: true });
  expect(standings).toMatchObject([{ studyId }, { link: 'active' }]);
  expect(await labels()).toEqual([STUDY.label, NEXT.label]);
  await wallet.order(studyId, { kind: 'end-link' });
  expect((await wallet.askSources({ startLinks: true })).standings).toMatchObject([
    { link: 'ended' },
    { link: 'ended' },
  ]);
  expect(await wallet.leaveKeys(studyId)).toMatchObject({ link: 'active', keysLeft: 10 });
});

test('a source gets no keys for a study that was moved to her: it knows another patient by it', async () => {
  const maya = await world.newWallet();
  const { source } = await wallet.study(studyId);
  await wallet.moveOwner({ studyId, acceptance: await maya.acceptRole({ source, studyId, role: 'owner' }) });
  await maya.restore();
  expect((await maya.askSources({ startLinks: true })).standings).toMatchObject([{ link: 'none' }]);
});

// Regression: the new study had no address of its source, so that the look failed where the directory does not lead to it.
test('a study that came on such a key is asked for at the address of the one that led to it', async () => {
  const { api, fetch } = world.hospital;
  const away = () => Promise.reject(new TypeError('fetch failed'));
  const gateway = (url: string) => createGatewayClient({ url, fetch: url === api ? fetch : away });
  const alone = await createWallet(world.ports({ gateway, gatewayCandidates: [] }));
  const first = await alone.claim(world.hospital.invite({ studyInstanceUid: '1.2.5', label: 'MRI, hip' }));
  await alone.leaveKeys(first.studyId);
  await world.hospital.sendByLink(NEXT);
  expect((await alone.askSources()).unanswered).toEqual([]);
  expect(await labels(alone)).toEqual(['MRI, hip', NEXT.label]);
});

test('a source that names studies and keys which are not hers adds nothing', async () => {
  await wallet.leaveKeys(studyId);
  const foreign = { studyId: randomBytes(32), key: randomBytes(32) };
  const [own] = world.hospital.desk.keys;
  world.hospital.desk.standing = {
    ...world.hospital.desk.standing,
    published: [foreign, { studyId: randomBytes(32), key: (own as { ownerKey: Uint8Array }).ownerKey }],
  };
  await wallet.askSources();
  expect(await labels()).toEqual([STUDY.label]);
});

test('an app that opens asks a gateway once where it answers, and once about each study; after a minute anew', async () => {
  let nowMs = Date.now();
  const asked: string[] = [];
  const counting = await createWallet(
    world.ports({
      now: () => nowMs,
      gateway: (url) =>
        createGatewayClient({
          url,
          fetch: (address, init) => {
            asked.push(new URL(address).pathname);
            return world.hospital.fetch(address, init);
          },
        }),
    }),
  );
  for (const studyInstanceUid of ['1.2.1', '1.2.2', '1.2.3']) {
    await counting.claim(world.hospital.invite({ studyInstanceUid, label: 'MRI' }));
  }
  const once = ['/.well-known/radledger', ...Array<string>(3).fill('/v1/owner-requests')];
  nowMs += 60_000;
  asked.length = 0;
  await counting.askSources();
  expect(asked).toEqual(once);
  await counting.askSources();
  expect(asked).toEqual([...once, ...once.slice(1)]);
  nowMs += 60_000;
  asked.length = 0;
  await counting.askSources();
  expect(asked).toEqual(once);
});

test('her access is being replaced: she is told, and stops it', async () => {
  const replacement = { requestedAtMs: 1, dueAtMs: 2 };
  world.hospital.desk.standing = { ...world.hospital.desk.standing, replacement };
  expect((await wallet.askSources()).standings).toMatchObject([{ replacement }]);
  expect((await wallet.order(studyId, { kind: 'stop-replacement' })).replacement).toBeUndefined();
});

test('a source that does not answer is named; what she says reaches the others', async () => {
  world.hospital.isDown = true;
  expect(await wallet.askSources()).toEqual({ standings: [], unanswered: [studyId] });
  world.hospital.isDown = false;
  await wallet.order(studyId, { kind: 'tell-privacy-office', text: 'Who is that?' });
  await wallet.order(studyId, { kind: 'wrong-patient' });
  expect(world.hospital.desk.orders.map(({ kind }) => kind)).toEqual(['tell-privacy-office', 'wrong-patient']);
});

test('a clinic that was shown her code leaves its request in her app', async () => {
  const mailbox = await wallet.openMailbox(studyId);
  expect(await mailbox.read()).toBeUndefined();
  const code = decodeMailboxLink(mailbox.link('https://wallet.example/open'));
  expect(code).toMatchObject({ chainId: wallet.chainId, gatewayApi: world.hospital.api });
  const { key } = world.practice;
  const request = await createImageRequest(
    {
      chainId: wallet.chainId,
      recipientKey: key.publicKey,
      sealingKey: code.sealingKey,
      gatewayApi: 'https://practice.example',
      boxId: randomBytes(16),
      displayName: 'Dr Rivera, Lakeside Orthopaedics',
      reason: 'second opinion',
      wantedUntilMs: Date.now() + DAY_MS,
      expiresAtMs: Date.now() + DAY_MS,
    },
    key,
  );
  const sealed = await sealMailboxRequest(encodeImageRequestLink(request, 'https://wallet.example/open'), code);
  world.hospital.desk.mailboxes.set(toHex(code.mailboxId), sealed);
  const found = await mailbox.read();
  expect(found?.reason).toBe('second opinion');
});

test('an app that is open takes an erasure when it asks about what went off the ledger; a source that is away is passed over', async () => {
  const noteOf = async () => (await wallet.overview()).studies[0]?.erasureNote;
  expect(await wallet.takeErasures([studyId])).toBe(false);
  await world.hospital.erase(studyId);
  world.hospital.isDown = true;
  expect(await wallet.takeErasures([studyId])).toBe(false);
  expect(await noteOf()).toBeUndefined();
  world.hospital.isDown = false;
  expect(await wallet.takeErasures([studyId])).toBe(true);
  expect(await noteOf()).toBeDefined();
  expect(await wallet.takeErasures([studyId])).toBe(false);
});

test('what a hospital erased goes here too, but for its signed note; that it only says so takes nothing', async () => {
  const request = await world.practice.request();
  await wallet.allow({ studyId, request, notAfterMs: Date.now() + DAY_MS });
  const other = await wallet.claim(world.hospital.invite(NEXT));
  // It says so of a study that the ledger shows as active.
  world.hospital.desk.erased.set(toHex(other.studyId), {
    chainId: wallet.chainId,
    source: world.hospital.source,
    studyId: other.studyId,
    erasedAtMs: 1,
    erased: ['study'],
    stays: [],
  });
  expect((await wallet.askSources()).unanswered).toEqual([other.studyId]);
  await world.hospital.erase(studyId);
  await wallet.queueStop({ studyId, tag: (await wallet.grants(studyId))[0]?.tag as Uint8Array });
  expect((await wallet.askSources()).unanswered).toEqual([other.studyId]);
  expect(wallet.pending()).toEqual([]);
  const read = async (from: Wallet) =>
    (await from.overview()).studies.find((one) => toHex(one.studyId) === toHex(studyId));
  const shown = await read(wallet);
  const { erasureNote, ...rest } = shown as NonNullable<typeof shown>;
  const named = {
    source: world.hospital.source,
    studyId,
    role: 'owner',
    status: 'retired',
    sourceName: 'City Hospital',
  };
  expect(rest).toEqual({ ...named, grants: [] });
  expect(decodeErasureNote(erasureNote as Uint8Array)).toMatchObject({
    studyId,
    erased: ['study', 'claim', 'readings', 'messages'],
  });
  // Nothing is asked of it again, and the words lead to the note, not to the study.
  await wallet.restore({ findAllGrants: true });
  expect(await read(wallet)).toEqual(shown);
  const restored = await world.newWallet(wallet.words());
  expect((await restored.restore()).unanswered).toEqual([]);
  expect((await read(restored))?.erasureNote).toEqual(erasureNote);
  expect((await read(restored))?.label).toBeUndefined();
});
