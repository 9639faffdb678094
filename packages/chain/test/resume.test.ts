import { toHex } from '@radledger/primitives';
import { expect, test } from 'vitest';
import {
  cellKey,
  type DutyCell,
  decodeDutyCell,
  EMPTY_DUTY_CELL,
  encodeDutyCell,
  hashedKeyOf,
  updateTree,
} from '../src/index.js';
import { idOf, judge, signerOf, sourceKeysOf, TestNet } from './scenario-fixture.js';

/** A net whose source `a` has this duty record, as a boundary would have left it. */
async function netWith(duty: Partial<DutyCell>): Promise<TestNet> {
  const net = await TestNet.open(['a', 'b']);
  const name = cellKey.duty((await sourceKeysOf('a')).signing.publicKey);
  const value = encodeDutyCell({ ...EMPTY_DUTY_CELL, ...duty });
  const pause = (): Promise<void> => Promise.resolve();
  const { root, nodes } = await updateTree(net.state, [{ key: hashedKeyOf(name), name, value: () => value }], {
    pause,
  });
  net.state.commit({ cells: new Map([[toHex(name), value]]), nodes, stateRoot: root });
  return net;
}

async function dutyOf(net: TestNet): Promise<DutyCell | undefined> {
  const [value] = await net.state.getMany([cellKey.duty((await sourceKeysOf('a')).signing.publicKey)]);
  return value && decodeDutyCell(value);
}

test('a dormant source resumes by its own word, even one that has no endpoint yet', async () => {
  const net = await netWith({ dormant: true, silentEpochs: 3, reliability: 8_100 });
  const { signing } = await sourceKeysOf('a');
  const resume = await net.tx('resume', signing, { source: signing.publicKey });
  expect((await net.add([resume])).left).toEqual([]);
  expect(await dutyOf(net)).toEqual({ ...EMPTY_DUTY_CELL, reliability: 8_100 });
  const again = await net.tx('resume', signing, { source: signing.publicKey });
  expect(await judge(net, again)).toBe('NOT_DORMANT');
});

test('nobody else resumes it, and nobody who is not dormant', async () => {
  const net = await netWith({ dormant: true, silentEpochs: 3 });
  const [{ signing: a, node }, { signing: b }] = [await sourceKeysOf('a'), await sourceKeysOf('b')];
  const stranger = await signerOf('stranger');
  for (const signer of [b, node, stranger]) {
    expect(await judge(net, await net.tx('resume', signer, { source: a.publicKey }))).toBe('NOT_SOURCE_KEY');
  }
  expect(await judge(net, await net.tx('resume', b, { source: b.publicKey }))).toBe('NOT_DORMANT');
  expect(await judge(net, await net.tx('resume', stranger, { source: stranger.publicKey }))).toBe('SOURCE_UNKNOWN');
});

test('what a source owes holds up no study of it', async () => {
  const net = await netWith({
    dormant: true,
    silentEpochs: 9,
    suspendedUntil: 99,
    tombstonedEpoch: 0,
    reliability: 100,
  });
  expect((await net.add([await net.defineSource('a')])).left).toEqual([]);
  const owner = await signerOf('owner');
  const study = await net.defineStudy('a', 'study', owner);
  expect((await net.add([study])).left).toEqual([]);
  const { source, studyId } = study.transaction.payload;
  const about = { source, studyId, tag: idOf('recipient') };
  const notAfterMs = net.nextTimestampMs + 1_000_000;
  const allow = { ...about, sequence: 1, notAfterMs, scope: 0, consentReceiptHash: undefined };
  expect((await net.add([await net.tx('allow-access', owner, allow)])).left).toEqual([]);
  expect((await net.add([await net.tx('revoke-access', owner, { ...about, sequence: 2 })])).left).toEqual([]);
});
