// Goal: what she asked for is done, once, whatever fails in between; Stop before everything else.
import { ClientError } from '@radledger/client';
import { toHex } from '@radledger/primitives';
import { isKind } from '@radledger/transactions';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  consentReceiptHash,
  createConsentReceipt,
  createMemoryStore,
  createWallet,
  endOfDay,
  GRANT_SPREAD_MS,
  openWallet,
  readConsentReceipt,
  type Wallet,
  type WalletPorts,
} from '../src/index.js';
import { createWorld, DAY_MS, type World } from './wallet-fixture.js';

let world: World;
let ports: WalletPorts;
let wallet: Wallet;
let nowMs: number;
let isOffline: boolean;

beforeEach(async () => {
  world = await createWorld();
  nowMs = Date.now();
  isOffline = false;
  const base = world.ports({ store: createMemoryStore(), now: () => nowMs });
  const online =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      isOffline ? Promise.reject(new Error('offline')) : call(...args);
  const { node } = base;
  ports = {
    ...base,
    node: {
      ...node,
      status: online(node.status),
      submit: online(node.submit),
      bucket: online(node.bucket),
      waitForFinalized: online(node.waitForFinalized),
    },
  };
  wallet = await createWallet(ports);
});

const claim = async (studyInstanceUid = '1.2.3') =>
  (await wallet.claim(world.hospital.invite({ studyInstanceUid, label: 'CT, chest' }))).studyId;
const queueAllow = async (studyId: Uint8Array, more: { sendNow?: boolean; receipt?: Uint8Array } = {}) => {
  const request = await world.practice.request();
  const tag = await wallet.queueAllow({ studyId, request, notAfterMs: nowMs + 30 * DAY_MS, ...more });
  return { request, tag };
};
const transactionsOn = async (): Promise<readonly string[]> => {
  const kinds: string[] = [];
  const { LedgerView } = await import('../src/ledger-view.js');
  const view = new LedgerView(ports.node, wallet.chainId);
  for (let height = 1; height <= world.node.height; height++) {
    for (const signed of await view.transactionsAt(height)) {
      if (isKind(signed, 'allow-access')) kinds.push('allow');
      if (isKind(signed, 'revoke-access')) kinds.push('stop');
    }
  }
  return kinds;
};

describe('an Allow', () => {
  test('that was written down is sent, its notice delivered, its note left', async () => {
    const studyId = await claim();
    const { request, tag } = await queueAllow(studyId);
    expect(await transactionsOn()).toEqual([]);
    expect(wallet.pending()).toMatchObject([{ kind: 'allow', state: 'waiting', tag }]);
    expect(await wallet.grants(studyId)).toMatchObject([{ status: 'absent', isAllowing: true }]);
    expect(await wallet.flush()).toEqual({ left: 0 });
    expect(await wallet.grants(studyId)).toMatchObject([
      { status: 'live', isAllowing: false, noticeDelivered: true, allowedAtMs: nowMs },
    ]);
    expect(await world.practice.notices(request)).toMatchObject([{ notAfterMs: endOfDay(nowMs + 30 * DAY_MS) }]);
    const restored = await world.newWallet(wallet.words());
    await restored.restore();
    expect(await restored.grants(studyId)).toMatchObject([{ status: 'live', reason: 'second opinion' }]);
  });

  test('survives a time without network and a restart of the app', async () => {
    const studyId = await claim();
    isOffline = true;
    await queueAllow(studyId);
    expect(await wallet.flush()).toEqual({ left: 1, nextAtMs: nowMs + 10_000 });
    expect(await wallet.flush()).toEqual({ left: 1, nextAtMs: nowMs + 10_000 });
    nowMs += 10_000;
    expect(await wallet.flush()).toEqual({ left: 1, nextAtMs: nowMs + 20_000 });
    isOffline = false;
    wallet = (await openWallet(ports)) as Wallet;
    expect(wallet.pending()).toMatchObject([{ kind: 'allow', state: 'waiting' }]);
    nowMs += 20_000;
    expect(await wallet.flush()).toEqual({ left: 0 });
    expect(await wallet.grants(studyId)).toMatchObject([{ status: 'live' }]);
  });

  test('whose answer was lost is recognised, not sent again', async () => {
    const studyId = await claim();
    await queueAllow(studyId);
    let isCut = true;
    const { waitForFinalized } = ports.node;
    ports = {
      ...ports,
      node: {
        ...ports.node,
        waitForFinalized: (id, how) => (isCut ? Promise.reject(new Error('lost')) : waitForFinalized(id, how)),
      },
    };
    wallet = (await openWallet(ports)) as Wallet;
    expect((await wallet.flush()).left).toBe(1);
    expect(wallet.pending()).toMatchObject([{ kind: 'allow', state: 'sent' }]);
    isCut = false;
    nowMs += 10_000;
    expect(await wallet.flush()).toEqual({ left: 0 });
    expect(await transactionsOn()).toEqual(['allow']);
  });

  test('of several in one sitting, one is sent at once and the others one by one later', async () => {
    const studies = [await claim('1.1'), await claim('1.2'), await claim('1.3')];
    for (const studyId of studies) await queueAllow(studyId);
    const allows = () => wallet.pending().filter(({ kind }) => kind === 'allow');
    await wallet.flush();
    expect(await transactionsOn()).toEqual(['allow']);
    expect(allows()).toHaveLength(2);
    for (const { nextTryAtMs } of allows()) {
      expect(nextTryAtMs).toBeGreaterThan(nowMs);
      expect(nextTryAtMs).toBeLessThanOrEqual(nowMs + GRANT_SPREAD_MS);
    }
    // The phone was asleep: both are due now, and still do not go together.
    nowMs += 600_000;
    await wallet.flush();
    expect(await transactionsOn()).toEqual(['allow', 'allow']);
    nowMs += 600_000;
    await wallet.flush();
    expect(await transactionsOn()).toEqual(['allow', 'allow', 'allow']);
    expect(allows()).toEqual([]);
  });

  test('goes with the others when she wants it now', async () => {
    for (const uid of ['1.1', '1.2']) await queueAllow(await claim(uid), { sendNow: true });
    expect(await wallet.flush()).toEqual({ left: 0 });
    expect(await transactionsOn()).toEqual(['allow', 'allow']);
  });

  test('held back says until when, over a restart, and goes at once when she changes her mind', async () => {
    for (const uid of ['1.1', '1.2', '1.3']) await queueAllow(await claim(uid));
    expect(await wallet.flush()).toMatchObject({ left: 2 });
    wallet = (await openWallet(ports)) as Wallet;
    const held = wallet.pending();
    expect(held.map(({ isHeldBack }) => isHeldBack)).toEqual([true, true]);
    expect(held.every(({ nextTryAtMs }) => nextTryAtMs > nowMs && nextTryAtMs <= nowMs + GRANT_SPREAD_MS)).toBe(true);
    await wallet.sendNow();
    expect(await wallet.flush()).toEqual({ left: 0 });
    expect(await transactionsOn()).toEqual(['allow', 'allow', 'allow']);
  });

  test('of a study that was retired meanwhile says why, until she has seen it', async () => {
    const studyId = await claim();
    const { tag } = await queueAllow(studyId);
    await world.hospital.retire(studyId);
    expect(await wallet.flush()).toEqual({ left: 0 });
    expect(wallet.pending()).toMatchObject([{ kind: 'allow', state: 'refused', refusal: 'STUDY_NOT_ACTIVE' }]);
    await wallet.dismiss({ studyId, tag });
    expect(wallet.pending()).toEqual([]);
    expect(await wallet.grants(studyId)).toEqual([]);
  });

  // Regression: a note that its source has no place for any more was sent again for ever.
  test('leaves no note where the source forgot the study, once the study is retired', async () => {
    const studyId = await claim();
    await queueAllow(studyId);
    const forgotten = new ClientError({ code: 'REFUSED', status: 404, reason: 'STUDY_UNKNOWN' }, 'unknown here');
    const forgetful: WalletPorts = {
      ...ports,
      gateway: (api, source) => ({ ...ports.gateway(api, source), studySecret: () => Promise.reject(forgotten) }),
    };
    wallet = (await openWallet(forgetful)) as Wallet;
    expect(await wallet.flush()).toMatchObject({ left: 1 }); // a source may lag behind the ledger
    await world.hospital.retire(studyId);
    nowMs += 60_000;
    expect(await wallet.flush()).toEqual({ left: 0 });
  });

  test('tells the source whom she let in, as it was proven to her', async () => {
    const studyId = await claim();
    const request = await world.practice.request();
    const origin = { kind: 'https', host: 'practice.example' } as const;
    await wallet.queueAllow({ studyId, request, notAfterMs: nowMs + DAY_MS, origin });
    expect(await wallet.flush()).toEqual({ left: 0 });
    const receiver = { origin: 'https', name: 'practice.example', displayName: request.displayName };
    expect(world.hospital.desk.orders).toEqual([{ kind: 'name-reader', key: request.recipientKey, ...receiver }]);
    const restored = await world.newWallet(wallet.words());
    await restored.restore();
    expect(await restored.grants(studyId)).toMatchObject([{ receiver }]);
  });

  test('binds the text that was shown, and keeps it also for a restored wallet', async () => {
    const studyId = await claim();
    const shown = { shownAtMs: nowMs, language: 'en', text: 'City Hospital shows Dr Rivera your CT until 1 May.' };
    const receipt = createConsentReceipt(shown);
    await queueAllow(studyId, { receipt });
    await wallet.flush();
    const restored = await world.newWallet(wallet.words());
    await restored.restore();
    const [grant] = await restored.grants(studyId);
    expect(readConsentReceipt(grant?.receipt ?? new Uint8Array())).toEqual(shown);
    const { LedgerView } = await import('../src/ledger-view.js');
    const view = new LedgerView(ports.node, wallet.chainId);
    const [found] = (await view.transactionsAt(world.node.height)).filter((signed) => isKind(signed, 'allow-access'));
    const payload = found?.transaction.payload as { consentReceiptHash?: Uint8Array };
    expect(toHex(payload.consentReceiptHash ?? new Uint8Array())).toBe(toHex(consentReceiptHash(receipt)));
  });
});

test('a grant ends with a UTC day, like those of everybody else', () => {
  const noon = Date.UTC(2026, 10, 29, 12);
  for (const time of [noon, noon + 1, Date.UTC(2026, 10, 29), Date.UTC(2026, 10, 30) - 1]) {
    expect(new Date(endOfDay(time)).toISOString()).toBe('2026-11-29T23:59:59.999Z');
  }
});

describe('a Stop', () => {
  const allowOne = async () => {
    const studyId = await claim();
    const { tag } = await queueAllow(studyId);
    await wallet.flush();
    return { studyId, tag };
  };

  test('without network is kept, shown, and sent before an Allow', async () => {
    const { studyId, tag } = await allowOne();
    const other = await claim('9.9');
    isOffline = true;
    await queueAllow(other);
    await wallet.queueStop({ studyId, tag });
    await wallet.flush();
    wallet = (await openWallet(ports)) as Wallet;
    isOffline = false;
    expect(await wallet.grants(studyId)).toMatchObject([{ status: 'live', isStopping: true }]);
    nowMs += 10_000;
    await wallet.flush();
    expect(await transactionsOn()).toEqual(['allow', 'stop', 'allow']);
    expect(await wallet.grants(studyId)).toMatchObject([{ status: 'revoked', isStopping: false, stoppedAtMs: nowMs }]);
  });

  test('does not wait for its next try: whenever there is a chance, it is sent', async () => {
    const { studyId, tag } = await allowOne();
    isOffline = true;
    await wallet.queueStop({ studyId, tag });
    await wallet.flush();
    isOffline = false;
    expect(await wallet.flush()).toEqual({ left: 0 });
    expect(await wallet.grants(studyId)).toMatchObject([{ status: 'revoked' }]);
  });

  // Regression: `flush` joined the running one, so that a Stop waited as long as an Allow of another study did: up to two minutes.
  test('does not wait for an Allow that hangs', async () => {
    const { studyId, tag } = await allowOne();
    const other = await claim('9.9');
    const { waitForFinalized } = ports.node;
    let isHanging = true;
    let allowIsOut = (): void => undefined;
    const isOut = new Promise<void>((resolve) => (allowIsOut = resolve));
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const slow: typeof waitForFinalized = async (id, how) => {
      if (isHanging) {
        isHanging = false;
        allowIsOut();
        await ended;
      }
      return waitForFinalized(id, how);
    };
    wallet = (await openWallet({ ...ports, node: { ...ports.node, waitForFinalized: slow } })) as Wallet;
    await queueAllow(other);
    const flushed = wallet.flush();
    await isOut;
    await wallet.queueStop({ studyId, tag });
    const stopped = wallet.flush();
    await wallet.sendStops();
    expect(await transactionsOn()).toEqual(['allow', 'allow', 'stop']);
    expect(await wallet.grants(studyId)).toMatchObject([{ status: 'revoked', isStopping: false, stoppedAtMs: nowMs }]);
    end();
    await Promise.all([flushed, stopped]);
    expect(await wallet.flush()).toEqual({ left: 0 });
    expect(await transactionsOn()).toEqual(['allow', 'allow', 'stop']);
  });

  test('that comes while its own Allow is made ready takes it back', async () => {
    const studyId = await claim();
    const { tag } = await queueAllow(studyId);
    let isStopped = false;
    const { status } = ports.node;
    const stopping: typeof status = async (how) => {
      if (!isStopped) {
        isStopped = true;
        await wallet.queueStop({ studyId, tag });
      }
      return status(how);
    };
    wallet = (await openWallet({ ...ports, node: { ...ports.node, status: stopping } })) as Wallet;
    expect(await wallet.flush()).toEqual({ left: 0 });
    expect(await transactionsOn()).toEqual([]);
    expect(await wallet.grants(studyId)).toEqual([]);
  });

  test('needs no view: a node that shows nothing and is stale takes it', async () => {
    const { studyId, tag } = await allowOne();
    world.node.viewAgeMs = 3_600_000;
    const blind = {
      ...ports,
      node: { ...ports.node, bucket: () => Promise.reject(new Error('the proof does not hold')) },
    };
    wallet = (await openWallet(blind)) as Wallet;
    await wallet.queueStop({ studyId, tag });
    await wallet.flush();
    expect(await transactionsOn()).toEqual(['allow', 'stop']);
    wallet = (await openWallet(ports)) as Wallet;
    expect(await wallet.grants(studyId)).toMatchObject([{ status: 'revoked' }]);
  });

  test('takes back an Allow that was not sent', async () => {
    const studyId = await claim();
    isOffline = true;
    const { tag } = await queueAllow(studyId);
    await wallet.queueStop({ studyId, tag });
    isOffline = false;
    expect(await wallet.flush()).toEqual({ left: 0 });
    expect(await transactionsOn()).toEqual([]);
    expect(await wallet.grants(studyId)).toEqual([]);
  });

  test('of a grant that is not known is refused at once', async () => {
    const studyId = await claim();
    await expect(wallet.queueStop({ studyId, tag: new Uint8Array(32) })).rejects.toMatchObject({
      code: 'GRANT_UNKNOWN',
    });
  });

  test('and Allow again: the last word holds', async () => {
    const { studyId, tag } = await allowOne();
    await wallet.queueStop({ studyId, tag });
    await wallet.flush();
    await queueAllow(studyId);
    await wallet.flush();
    expect(await transactionsOn()).toEqual(['allow', 'stop', 'allow']);
    const [grant] = await wallet.grants(studyId);
    expect(grant).toMatchObject({ status: 'live', isStopping: false });
    expect(grant).not.toHaveProperty('stoppedAtMs');
  });
});

test('a notice that is not taken is delivered later', async () => {
  const studyId = await claim();
  const { request } = await queueAllow(studyId);
  world.hospital.isDown = true;
  expect((await wallet.flush()).left).toBe(2);
  expect(wallet.pending().map(({ kind }) => kind)).toEqual(['notice', 'note']);
  world.hospital.isDown = false;
  nowMs += 10_000;
  expect(await wallet.flush()).toEqual({ left: 0 });
  expect(await world.practice.notices(request)).toHaveLength(1);
});
