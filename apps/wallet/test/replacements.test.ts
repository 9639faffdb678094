// B8: that somebody at a desk wants to replace her access is heard of for everybody on the phone, and while the app is open.
import { toHex } from '@radledger/primitives';
import type { Wallet } from '@radledger/wallet';
import { afterEach, expect, test, vi } from 'vitest';
import { sessionOn } from './session-on.js';

afterEach(() => vi.useRealTimers());

const STUDY = new Uint8Array(32).fill(1);

/** Somebody's wallet, whose hospital says what it is told to. */
function walletOf() {
  const hospital = { dueAtMs: undefined as number | undefined, isDown: false, asked: 0, orders: [] as string[] };
  const standing = () => ({
    source: STUDY,
    studyId: STUDY,
    link: 'none',
    keysLeft: 0,
    replacement: hospital.dueAtMs === undefined ? undefined : { dueAtMs: hospital.dueAtMs },
  });
  const wallet = {
    askSources: () => {
      hospital.asked += 1;
      return Promise.resolve(
        hospital.isDown ? { standings: [], unanswered: [STUDY] } : { standings: [standing()], unanswered: [] },
      );
    },
    order: (_: Uint8Array, { kind }: { kind: string }) => {
      hospital.orders.push(kind);
      return Promise.resolve(standing());
    },
    lastOverview: () => undefined,
    lookForDevices: () => Promise.resolve(),
    takeInRoles: () => Promise.resolve(),
    overview: () => Promise.resolve({ atMs: Date.now(), studies: [] }),
    findGrantsWhenDue: () => Promise.resolve(false),
    newDevices: () => [],
    wantsNews: false,
    unfinishedInvitations: () => [],
    pending: () => [],
    sendStops: () => Promise.resolve(),
    flush: () => Promise.resolve({ left: 0 }),
  };
  return { hospital, wallet: wallet as unknown as Wallet };
}

async function opened() {
  vi.useFakeTimers({ toFake: ['Date'] });
  const [own, maya] = [walletOf(), walletOf()];
  const wallets = new Map([
    ['holder', own.wallet],
    ['maya', maya.wallet],
  ]);
  const all = [...wallets.keys()].map((id) => ({ id, name: id, wrappers: () => [] }));
  const profiles = {
    isOpen: false,
    open: () => Promise.resolve(all[0]),
    mend: () => Promise.resolve(false),
    all: () => all,
    wallet: (id: string) => wallets.get(id),
    wallets: () => wallets.values(),
    allowKnown: () => undefined,
  };
  const session = await sessionOn(profiles);
  await session.open({ pin: '471103' });
  await vi.waitFor(() => expect(maya.hospital.asked).toBe(1));
  const whose = (): readonly string[] => session.getState().replacements.map(({ profileId }) => profileId);
  /** Time passes, and the app is looked at. */
  const after = async (ms: number): Promise<void> => {
    const before = maya.hospital.asked;
    vi.setSystemTime(Date.now() + ms);
    await session.catchUp();
    await vi.waitFor(() => expect(maya.hospital.asked).toBe(before + 1));
  };
  return { session, own, maya, whose, after };
}

test('of everybody on the phone, within three minutes, and answered in that name', async () => {
  const { session, own, maya, whose, after } = await opened();
  expect(whose()).toEqual([]);
  maya.hospital.dueAtMs = 5_000;
  await session.catchUp();
  expect(maya.hospital.asked).toBe(1); // not before it is due
  await after(180_000);
  expect(whose()).toEqual(['maya']);
  const [replacement] = session.getState().replacements;
  if (replacement === undefined) throw new Error('she hears of it');
  expect([toHex(replacement.studyId), replacement.dueAtMs]).toEqual([toHex(STUDY), 5_000]);
  await session.answerReplacement(replacement, 'stop');
  expect(maya.hospital.orders).toEqual(['stop-replacement']);
  expect(own.hospital.orders).toEqual([]);
  expect(whose()).toEqual([]);
});

test('a hospital that does not answer takes back nothing that it said, and is asked sooner', async () => {
  const { maya, whose, after } = await opened();
  maya.hospital.dueAtMs = 5_000;
  await after(180_000);
  maya.hospital.isDown = true;
  await after(180_000);
  expect(whose()).toEqual(['maya']);
  maya.hospital.isDown = false;
  maya.hospital.dueAtMs = undefined;
  await after(60_000);
  expect(whose()).toEqual([]);
});
