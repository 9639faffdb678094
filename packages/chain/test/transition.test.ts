import type { Signer } from '@radledger/primitives';
import {
  type PayloadOf,
  type SignedTransaction,
  signDelegateAcceptance,
  signKeyProof,
  signMoveAcceptance,
  solveWorkStamp,
} from '@radledger/transactions';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  blockIdOf,
  cellKey,
  checkTransaction,
  decodeGrantCell,
  decodeKeyCell,
  decodeSourceCell,
  decodeStakeCell,
  decodeStudyCell,
} from '../src/index.js';
import { equalWeightRules } from '../src/testing/index.js';
import { idOf, judge, type SourceKeys, signerOf, sourceKeysOf, TestNet } from './scenario-fixture.js';

const DAY_MS = 86_400_000;

let net: TestNet;
let a: SourceKeys;
let source: Uint8Array;
let owner: Signer;
let stranger: Signer;
const studyId = idOf('study');
const tag = idOf('recipient');

async function open(parameters = {}): Promise<void> {
  net = await TestNet.open(['a', 'b'], parameters);
  a = await sourceKeysOf('a');
  source = a.signing.publicKey;
  owner = await signerOf('owner');
  stranger = await signerOf('stranger');
  await net.add([await net.defineSource('a')]);
  expect((await net.add([await net.defineStudy('a', 'study', owner)])).left).toEqual([]);
}

beforeEach(() => open());

function allow(change: Partial<PayloadOf<'allow-access'>> = {}, signer = owner): Promise<SignedTransaction> {
  return net.tx('allow-access', signer, {
    source,
    studyId,
    tag,
    sequence: net.nextTimestampMs,
    notAfterMs: net.nextTimestampMs + DAY_MS,
    scope: 0,
    consentReceiptHash: undefined,
    ...change,
  });
}

function revoke(change: Partial<PayloadOf<'revoke-access'>> = {}, signer = owner): Promise<SignedTransaction> {
  return net.tx('revoke-access', signer, { source, studyId, tag, sequence: net.nextTimestampMs, ...change });
}

async function moveOwner(newOwner: Signer, signer = owner): Promise<SignedTransaction> {
  const acceptance = await signMoveAcceptance({ chainId: net.chainId, source, studyId, newOwner });
  return net.tx('move-owner', signer, { source, studyId, newOwner: newOwner.publicKey, acceptance });
}

async function setDelegate(
  delegate: Signer,
  notAfterMs = net.nextTimestampMs + DAY_MS,
  signer = owner,
): Promise<SignedTransaction> {
  const acceptance = await signDelegateAcceptance({ chainId: net.chainId, source, studyId, delegate });
  return net.tx('set-delegate', signer, {
    source,
    studyId,
    delegate: { key: delegate.publicKey, acceptance },
    notAfterMs,
  });
}

async function rotate(role: 'signing' | 'node' | 'vrf', key: Signer, signer = a.signing): Promise<SignedTransaction> {
  const proof = await signKeyProof({ chainId: net.chainId, source, role, key });
  return net.tx('rotate-key', signer, { source, role, newKey: key.publicKey, proof });
}

async function grantCell() {
  const [value] = await net.state.getMany([cellKey.grant(source, studyId, tag)]);
  return value && decodeGrantCell(value);
}

describe('expiry and replay', () => {
  test('expired, too far ahead, at the edges', async () => {
    const height = net.parent.height + 1;
    const at = (expiryHeight: number): Promise<SignedTransaction> =>
      net.tx('amend-study', a.signing, { source, studyId, content: idOf('c') }, { expiryHeight });
    expect(await judge(net, await at(height - 1))).toBe('EXPIRED!');
    expect(await judge(net, await at(height))).toBe('ok');
    expect(await judge(net, await at(height + 512))).toBe('ok');
    expect(await judge(net, await at(height + 513))).toBe('EXPIRY_TOO_FAR');
  });

  test('a repeat is refused while recent, and a Revoke later falls to its sequence', async () => {
    const amend = await net.tx('amend-study', a.signing, { source, studyId, content: idOf('c') });
    const once = await revoke();
    await net.add([amend, once]);
    expect(await judge(net, amend)).toBe('REPLAYED!');
    expect(await judge(net, once)).toBe('REPLAYED!');
    const forgetful = { ...net.recent, isRecentTransaction: () => false };
    const { chainId, state } = net;
    const input = {
      chainId,
      state,
      rules: equalWeightRules,
      recent: forgetful,
      height: 700,
      timestampMs: net.nextTimestampMs,
    };
    expect(await checkTransaction(once, input)).toMatchObject({ code: 'SEQUENCE_NOT_HIGHER' });
    expect(await checkTransaction(amend, input)).toMatchObject({ code: 'EXPIRED' });
  });
});

describe('sources', () => {
  test('a genesis source is defined once, with its own keys, by its own signer', async () => {
    expect(await judge(net, await net.defineSource('a'))).toBe('SOURCE_EXISTS!');
    const defineB = (await net.defineSource('b')).transaction.payload;
    const b = await sourceKeysOf('b');
    expect(await judge(net, await net.tx('define-source', b.signing, defineB))).toBe('ok');
    expect(await judge(net, await net.tx('define-source', stranger, defineB))).toBe('NOT_SOURCE_KEY');
    expect(
      await judge(net, await net.tx('define-source', b.signing, { ...defineB, nodeKey: stranger.publicKey })),
    ).toBe('GENESIS_KEYS_DIFFER!');
    const admission = { kind: 'work', height: 0, blockId: blockIdOf(net.headers[0] as never), counter: 0 } as const;
    expect(await judge(net, await net.tx('define-source', b.signing, { ...defineB, admission }))).toBe(
      'ADMISSION_NOT_ALLOWED!',
    );
  });

  test('a new source is admitted with fresh keys only', async () => {
    const defineC = (await net.defineSource('c')).transaction.payload;
    const c = await sourceKeysOf('c');
    expect(await judge(net, await net.tx('define-source', stranger, defineC))).toBe('NOT_SOURCE_KEY');
    expect(await judge(net, await net.tx('define-source', c.signing, { ...defineC, nodeKey: a.node.publicKey }))).toBe(
      'KEY_TAKEN!',
    );
    expect((await net.add([await net.defineSource('c')])).left).toEqual([]);
    const [key] = await net.state.getMany([cellKey.key(c.vrf.publicKey)]);
    expect(decodeKeyCell(key as Uint8Array)).toEqual({ source: c.signing.publicKey, role: 'vrf', tombstoned: false });
  });

  test('open admission with work checks stamp, block and bits', async () => {
    await open({ workBits: 6 });
    const c = await sourceKeysOf('c');
    const define = async (admission: PayloadOf<'define-source'>['admission']): Promise<string> => {
      const payload = { ...(await net.defineSource('c')).transaction.payload, admission };
      return judge(net, await net.tx('define-source', c.signing, payload));
    };
    const blockId = blockIdOf(net.headers[1] as never);
    const input = { chainId: net.chainId, source: c.signing.publicKey, height: 1, blockId };
    const stamp = await solveWorkStamp({ ...input, workBits: 6 });
    expect(await define(undefined)).toBe('ADMISSION_REQUIRED!');
    expect(await define(stamp)).toBe('ok');
    expect(await define({ ...stamp, height: 2 })).toBe('ADMISSION_STALE');
    expect(await define({ ...stamp, blockId: idOf('invented') })).toBe('ADMISSION_STALE');
    const { isWorkStampValid } = await import('@radledger/transactions');
    const counters = Array.from({ length: 200 }, (_, counter) => counter);
    const counter = counters.find(
      (candidate) => !isWorkStampValid({ ...input, counter: candidate, workBits: 6 }),
    ) as number;
    expect(await define({ ...stamp, counter })).toBe('ADMISSION_WORK!');
  });

  test('Move Source and Rotate Key need the current signing key, which changes at once', async () => {
    const endpoint = { source, name: 'Moved', baseUrl: 'https://moved.example', tlsPins: [idOf('p')] };
    expect(await judge(net, await net.tx('move-source', stranger, endpoint))).toBe('NOT_SOURCE_KEY');
    expect(await judge(net, await net.tx('move-source', stranger, { ...endpoint, source: idOf('none') }))).toBe(
      'SOURCE_UNKNOWN',
    );
    const b = await sourceKeysOf('b');
    expect(await judge(net, await net.tx('move-source', b.signing, { ...endpoint, source: b.signing.publicKey }))).toBe(
      'SOURCE_NOT_DEFINED',
    );
    const next = await signerOf('a next');
    expect(await judge(net, await rotate('signing', a.node))).toBe('KEY_TAKEN!');
    expect((await net.add([await rotate('signing', next)])).left).toEqual([]);
    expect(await judge(net, await net.tx('move-source', a.signing, endpoint))).toBe('NOT_SOURCE_KEY');
    expect((await net.add([await net.tx('move-source', next, endpoint)])).left).toEqual([]);
    expect((await net.add([await rotate('node', await signerOf('a node 2'), next)])).left).toEqual([]);
    expect(await judge(net, await rotate('node', a.node, next))).toBe('KEY_TAKEN!');
    const [value] = await net.state.getMany([cellKey.source(source)]);
    expect(decodeSourceCell(value as Uint8Array)).toMatchObject({
      signingKey: next.publicKey,
      endpoint: { name: 'Moved' },
    });
  });
});

describe('studies', () => {
  test('one study a key, one owner a study, by a defined source', async () => {
    expect(await judge(net, await net.defineStudy('a', 'study', stranger))).toBe('STUDY_EXISTS!');
    expect(await judge(net, await net.defineStudy('a', 'study 2', owner))).toBe('OWNER_KEY_TAKEN!');
    expect(await judge(net, await net.defineStudy('b', 'study', stranger))).toBe('SOURCE_NOT_DEFINED');
    expect(await judge(net, await net.defineStudy('zz', 'study', stranger))).toBe('SOURCE_UNKNOWN');
    const payload = (await net.defineStudy('a', 'study 2', stranger)).transaction.payload;
    expect(await judge(net, await net.tx('define-study', stranger, payload))).toBe('NOT_SOURCE_KEY');
  });

  test('Amend and Retire need a study that is active; Retire takes its stake back in a later epoch', async () => {
    const content = idOf('amended');
    expect(await judge(net, await net.tx('amend-study', a.signing, { source, studyId: idOf('none'), content }))).toBe(
      'STUDY_UNKNOWN',
    );
    expect(await judge(net, await net.tx('amend-study', owner, { source, studyId, content }))).toBe('NOT_SOURCE_KEY');
    await net.add([await net.defineStudy('a', 'study 2', stranger)]);
    while (net.parent.height < 7) await net.add();
    const retire = await net.tx('retire-study', a.signing, { source, studyId, reason: 'other' });
    expect((await net.add([retire])).left).toEqual([]);
    const [epoch0, epoch1] = await net.state.getMany([cellKey.stake(source, 0), cellKey.stake(source, 1)]);
    expect([decodeStakeCell(epoch0 as Uint8Array), epoch1]).toEqual([{ count: 1 }, undefined]);
    expect(await judge(net, await net.tx('retire-study', a.signing, { source, studyId, reason: 'other' }))).toBe(
      'STUDY_RETIRED!',
    );
    expect(await judge(net, await moveOwner(stranger))).toBe('STUDY_RETIRED!');
    expect(await judge(net, await setDelegate(stranger))).toBe('STUDY_RETIRED!');
    expect(await judge(net, await revoke())).toBe('ok');
  });

  test('defined and retired in one block counts for nothing', async () => {
    const define = await net.defineStudy('a', 'short', stranger);
    const retire = await net.tx('retire-study', a.signing, { source, studyId: idOf('short'), reason: 'reissued' });
    expect((await net.add([retire, define])).left).toEqual([]);
    const [stake] = await net.state.getMany([cellKey.stake(source, 0)]);
    expect(decodeStakeCell(stake as Uint8Array)).toEqual({ count: 1 });
  });

  test('outside of the stake window Retire leaves the old bucket alone', async () => {
    await open({ stakeWindowEpochs: 1 });
    while (net.parent.height < 6) await net.add();
    await net.add([await net.tx('retire-study', a.signing, { source, studyId, reason: 'other' })]);
    const [stake] = await net.state.getMany([cellKey.stake(source, 0)]);
    expect(decodeStakeCell(stake as Uint8Array)).toEqual({ count: 1 });
  });
});

describe('grants', () => {
  test('signer, study, end date and sequence are judged', async () => {
    expect(await judge(net, await allow({}, stranger))).toBe('NOT_OWNER_OR_DELEGATE');
    expect(await judge(net, await allow({ studyId: idOf('none') }))).toBe('STUDY_UNKNOWN');
    expect(await judge(net, await revoke({ studyId: idOf('none') }))).toBe('STUDY_UNKNOWN');
    expect(await judge(net, await allow({ notAfterMs: net.nextTimestampMs }))).toBe('NOT_AFTER_PAST!');
    const { grantDurationMaxMs } = net.genesis.parameters;
    expect(await judge(net, await allow({ notAfterMs: net.nextTimestampMs + grantDurationMaxMs }))).toBe('ok');
    expect(await judge(net, await allow({ notAfterMs: net.nextTimestampMs + grantDurationMaxMs + 1 }))).toBe(
      'NOT_AFTER_TOO_FAR',
    );
    expect(await judge(net, await allow({ sequence: net.nextTimestampMs + 3_600_000 }))).toBe('ok');
    expect(await judge(net, await allow({ sequence: net.nextTimestampMs + 3_600_001 }))).toBe('SEQUENCE_TOO_FAR_AHEAD');
    await net.add([await allow({ sequence: 50 })]);
    expect(await judge(net, await allow({ sequence: 50 }))).toBe('SEQUENCE_NOT_HIGHER!');
    expect(await judge(net, await revoke({ sequence: 50 }))).toBe('SEQUENCE_NOT_HIGHER!');
    expect(await judge(net, await allow({ sequence: 51 }))).toBe('ok');
  });

  test('a Revoke before its Allow leaves a tombstone that the Allow cannot pass', async () => {
    await net.add([await revoke({ sequence: 9 })]);
    expect(await grantCell()).toMatchObject({ revoked: true, sequence: 9, notAfterMs: 0 });
    expect(await judge(net, await allow({ sequence: 8 }))).toBe('SEQUENCE_NOT_HIGHER!');
    expect(await judge(net, await allow({ sequence: 10 }))).toBe('ok');
  });

  // Goal: order and re-sending cannot matter. Method: any order, repeats and blocks of Allows and Revokes with different
  // sequences end in the grant cell that the highest sequence alone leaves.
  test('the highest sequence decides, whatever the order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 1_000 }), fc.boolean()), {
          minLength: 1,
          maxLength: 6,
          selector: ([sequence]) => sequence,
        }),
        fc.array(fc.nat(100), { minLength: 6, maxLength: 6 }),
        async (records, lots) => {
          await open();
          const notAfterMs = net.nextTimestampMs + DAY_MS;
          const transactions = await Promise.all(
            records.map(([sequence, isAllow]) => (isAllow ? allow({ sequence, notAfterMs }) : revoke({ sequence }))),
          );
          const shuffled = transactions
            .map((transaction, index) => ({ transaction, lot: lots[index] as number }))
            .sort((one, two) => one.lot - two.lot)
            .map(({ transaction }) => transaction);
          for (const transaction of shuffled) await net.add([transaction]);
          await net.add(shuffled);
          const [sequence, isAllow] = [...records].sort((one, two) => two[0] - one[0])[0] as [number, boolean];
          expect(await grantCell()).toMatchObject({
            sequence,
            revoked: !isAllow,
            notAfterMs: isAllow ? notAfterMs : 0,
          });
        },
      ),
      { seed: 5, numRuns: 15 },
    );
  });
});

describe('delegates and owners', () => {
  test('a delegate allows and revokes until its own end, and never delegates or moves', async () => {
    const delegate = await signerOf('delegate');
    const notAfterMs = net.nextTimestampMs + 10_000;
    expect(await judge(net, await setDelegate(delegate, notAfterMs, stranger))).toBe('NOT_OWNER');
    expect(await judge(net, await setDelegate(delegate, net.nextTimestampMs))).toBe('NOT_AFTER_PAST!');
    expect(
      await judge(
        net,
        await setDelegate(delegate, net.nextTimestampMs + net.genesis.parameters.grantDurationMaxMs + 1),
      ),
    ).toBe('NOT_AFTER_TOO_FAR');
    expect((await net.add([await setDelegate(delegate, notAfterMs)])).left).toEqual([]);
    expect(await judge(net, await allow({ notAfterMs }, delegate))).toBe('ok');
    expect(await judge(net, await allow({ notAfterMs: notAfterMs + 1 }, delegate))).toBe('BEYOND_DELEGATE');
    expect(await judge(net, await setDelegate(stranger, notAfterMs, delegate))).toBe('NOT_OWNER');
    expect(await judge(net, await moveOwner(stranger, delegate))).toBe('NOT_OWNER');
    expect(await judge(net, await revoke({}, delegate))).toBe('ok');
    await net.add([await allow({ notAfterMs, sequence: 3 }, delegate)], { timestampMs: net.nextTimestampMs });
    await net.add([], { timestampMs: notAfterMs });
    expect(await judge(net, await revoke({}, delegate))).toBe('DELEGATE_EXPIRED');
    expect(await grantCell()).toMatchObject({ revoked: false, sequence: 3 });
    expect((await net.add([await setDelegate(delegate)])).left).toEqual([]);
    const none = await net.tx('set-delegate', owner, { source, studyId, delegate: undefined, notAfterMs: 0 });
    expect((await net.add([none])).left).toEqual([]);
    expect(await judge(net, await revoke({}, delegate))).toBe('NOT_OWNER_OR_DELEGATE');
  });

  test("a delegate's key belongs to its study for ever", async () => {
    const delegate = await signerOf('delegate');
    await net.add([await setDelegate(delegate)]);
    expect(await judge(net, await net.defineStudy('a', 'study 2', delegate))).toBe('OWNER_KEY_TAKEN!');
    expect(await judge(net, await moveOwner(delegate))).toBe('OWNER_KEY_TAKEN!');
    await net.add([await net.defineStudy('a', 'study 2', stranger)]);
    expect(await judge(net, await setDelegate(stranger))).toBe('OWNER_KEY_TAKEN!');
  });

  test('Move Owner ends the era: old owner, delegate and grants are out, keys stay taken', async () => {
    const [delegate, next] = await Promise.all([signerOf('delegate'), signerOf('next')]);
    await net.add([await setDelegate(delegate)]);
    expect(await judge(net, await moveOwner(next, stranger))).toBe('NOT_OWNER');
    expect((await net.add([await moveOwner(next)])).left).toEqual([]);
    const [value] = await net.state.getMany([cellKey.study(source, studyId)]);
    expect(decodeStudyCell(value as Uint8Array)).toMatchObject({ era: 1, owner: next.publicKey, delegate: undefined });
    expect(await judge(net, await allow())).toBe('NOT_OWNER_OR_DELEGATE');
    expect(await judge(net, await revoke({}, delegate))).toBe('NOT_OWNER_OR_DELEGATE');
    expect(await judge(net, await moveOwner(owner, next))).toBe('OWNER_KEY_TAKEN!');
    expect(await judge(net, await allow({}, next))).toBe('ok');
  });
});

describe('quotas', () => {
  test('a study has its burst, gains one token a period, and a live grant is revoked for nothing', async () => {
    await open({ studyAllowBurst: 3, studyAllowRefillHeights: 4 });
    for (let sequence = 1; sequence <= 3; sequence++) {
      expect((await net.add([await allow({ sequence, tag: idOf(`tag ${sequence}`) })])).left).toEqual([]);
    }
    // Three blocks since the first spending refilled three quarters of a token at most; one more block makes it whole.
    expect(await judge(net, await allow({ tag: idOf('tag 4') }))).toBe('STUDY_QUOTA');
    expect(await judge(net, await revoke({ tag: idOf('unknown') }))).toBe('STUDY_QUOTA');
    expect(await judge(net, await revoke({ tag: idOf('tag 1') }))).toBe('ok');
    expect(await judge(net, await setDelegate(stranger))).toBe('STUDY_QUOTA');
    expect(await judge(net, await moveOwner(stranger))).toBe('STUDY_QUOTA');
    await net.add([await revoke({ tag: idOf('tag 1'), sequence: 2 })]);
    expect(await judge(net, await revoke({ tag: idOf('tag 1'), sequence: 3 }))).toBe('ok');
    expect((await net.add([await allow({ tag: idOf('tag 5') })])).left).toEqual([]);
    expect(await judge(net, await revoke({ tag: idOf('tag 1'), sequence: 3 }))).toBe('STUDY_QUOTA');
  });

  test('a delegate cannot use up what the owner needs to remove it or to move the study', async () => {
    await open({ studyAllowBurst: 4, studyAllowRefillHeights: 1_000 });
    const delegate = await signerOf('delegate');
    const notAfterMs = net.nextTimestampMs + DAY_MS;
    await net.add([await setDelegate(delegate, notAfterMs)]);
    for (const tag of ['one', 'two']) await net.add([await allow({ tag: idOf(tag), notAfterMs }, delegate)]);
    expect(await judge(net, await allow({ tag: idOf('three'), notAfterMs }, delegate))).toBe('STUDY_QUOTA');
    expect(await judge(net, await revoke({ tag: idOf('three') }, delegate))).toBe('STUDY_QUOTA');
    expect(await judge(net, await revoke({ tag: idOf('one') }, delegate))).toBe('ok');
    expect(await judge(net, await moveOwner(stranger))).toBe('ok');
  });

  test('a source has its Define Studies and its Allows, within one block too', async () => {
    await open({ sourceStudyBase: 2, sourceAllowFactor: 1, quotaPeriodHeights: 10, rateWindowPeriods: 2 });
    const owners = await Promise.all([1, 2, 3].map((index) => signerOf(`owner ${index}`)));
    const defines = await Promise.all(owners.map((one, index) => net.defineStudy('a', `s ${index}`, one)));
    const built = await net.add(defines);
    expect([built.selected.length, built.left.map(({ code }) => code)]).toEqual([
      1,
      ['SOURCE_STUDY_QUOTA', 'SOURCE_STUDY_QUOTA'],
    ]);
    const allows = await Promise.all([1, 2, 3].map((index) => allow({ tag: idOf(`tag ${index}`) })));
    expect((await net.add(allows)).left.map(({ code }) => code)).toEqual(['SOURCE_ALLOW_QUOTA']);
    // Regression: a revocation that arrives before its Allow waited for what other patients of the source had left.
    expect(await judge(net, await revoke({ tag: idOf('not allowed yet') }))).toBe('ok');
    while (net.parent.height < 15) await net.add();
    expect(await judge(net, await allow({ tag: idOf('tag 9') }))).toBe('ok');
    expect(await judge(net, await net.defineStudy('a', 's 9', stranger))).toBe('ok');
  });
});
