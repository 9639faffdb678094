import { randomBytes } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { createWallet, openWallet, type Wallet } from '../src/index.js';
import { createWorld } from './wallet-fixture.js';

test('what she has seen of who looked is remembered over a restart, never taken back, and goes with the study', async () => {
  const world = await createWorld();
  const ports = world.ports();
  const wallet = await createWallet(ports);
  const claim = async (studyInstanceUid: string) =>
    (await wallet.claim(world.hospital.invite({ studyInstanceUid, label: 'MRI, knee' }))).studyId;
  const [one, other] = [await claim('1.2.1'), await claim('1.2.2')];
  expect(wallet.readingsSeenUntil(one)).toBe(0);
  await wallet.noteReadingsSeen([
    { studyId: one, untilMs: 5 },
    { studyId: one, untilMs: 7 },
    { studyId: one, untilMs: 6 },
    { studyId: other, untilMs: 2 },
  ]);
  await wallet.noteReadingsSeen([{ studyId: one, untilMs: 3 }]);
  const again = (await openWallet(ports)) as Wallet;
  expect([again.readingsSeenUntil(one), again.readingsSeenUntil(other)]).toEqual([7, 2]);
  await world.hospital.erase(one);
  await again.askSources();
  expect([again.readingsSeenUntil(one), again.readingsSeenUntil(other)]).toEqual([0, 2]);
  expect(() => again.readingsSeenUntil(randomBytes(32))).toThrow(expect.objectContaining({ code: 'STUDY_UNKNOWN' }));
});

test('she is told of news until she says otherwise', async () => {
  const world = await createWorld();
  const ports = world.ports();
  const wallet = await createWallet(ports);
  expect(wallet.wantsNews).toBe(true);
  await wallet.wantNews(false);
  expect((await openWallet(ports))?.wantsNews).toBe(false);
});
