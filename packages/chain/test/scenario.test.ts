import { describe, expect, test } from 'vitest';
import { verifyAll } from '@radledger/primitives';
import { signatureClaims, signDelegateAcceptance, signMoveAcceptance } from '@radledger/transactions';
import {
  cellKey,
  decodeEpochCell,
  decodeGrantCell,
  decodeOwnerCell,
  decodeSourceCell,
  decodeStakeCell,
  decodeStudyCell,
  isLive,
  proveCell,
  verifyCellProof,
} from '../src/index.js';
import { idOf, signerOf, sourceKeysOf, TestNet } from './scenario-fixture.js';

async function cellOf<T>(net: TestNet, name: Uint8Array, decode: (bytes: Uint8Array) => T): Promise<T> {
  const [value] = await net.state.getMany([name]);
  expect(value).toBeDefined();
  return decode(value as Uint8Array);
}

// Goal: the whole life of a study, across two epochs. Method: every block is built by one node and executed by another.
test('genesis, define source, define study, allow, revoke, delegate, move owner, retire', async () => {
  const net = await TestNet.open();
  const { signing } = await sourceKeysOf('a');
  const source = signing.publicKey;
  const studyId = idOf('study');
  const owner = await signerOf('owner');
  const tag = idOf('recipient');
  const defineSource = await net.defineSource('a');
  expect((await net.add([defineSource])).selected).toHaveLength(1);
  const defineStudy = await net.defineStudy('a', 'study', owner);
  expect(await verifyAll(signatureClaims(defineStudy, net.chainId))).toBe(true);
  expect((await net.add([defineStudy])).left).toEqual([]);
  expect(await cellOf(net, cellKey.stake(source, 0), decodeStakeCell)).toEqual({ count: 1 });

  const sequence = net.nextTimestampMs;
  const notAfterMs = net.nextTimestampMs + 86_400_000;
  const grantFields = { source, studyId, tag, notAfterMs, scope: 0, consentReceiptHash: undefined };
  await net.add([await net.tx('allow-access', owner, { ...grantFields, sequence })]);
  const liveness = async (): Promise<boolean> =>
    isLive({
      study: await cellOf(net, cellKey.study(source, studyId), decodeStudyCell),
      grant: await cellOf(net, cellKey.grant(source, studyId, tag), decodeGrantCell),
      finalizedTimestampMs: net.parent.timestampMs,
      nowMs: net.parent.timestampMs + 1,
    });
  expect(await liveness()).toBe(true);

  await net.add([await net.tx('revoke-access', owner, { source, studyId, tag, sequence: sequence + 1 })]);
  expect(await liveness()).toBe(false);
  const overtaken = await net.add([await net.tx('allow-access', owner, { ...grantFields, sequence })]);
  expect(overtaken.left.map(({ code, permanent }) => [code, permanent])).toEqual([['SEQUENCE_NOT_HIGHER', true]]);

  const delegate = await signerOf('delegate');
  const acceptance = await signDelegateAcceptance({ chainId: net.chainId, source, studyId, delegate });
  const setDelegate = await net.tx('set-delegate', owner, {
    source,
    studyId,
    delegate: { key: delegate.publicKey, acceptance },
    notAfterMs: notAfterMs - 1,
  });
  expect((await net.add([setDelegate])).left).toEqual([]);
  const beyond = await net.tx('allow-access', delegate, { ...grantFields, sequence: sequence + 2 });
  const within = await net.tx('allow-access', delegate, {
    ...grantFields,
    notAfterMs: notAfterMs - 1,
    sequence: sequence + 3,
  });
  expect((await net.add([beyond, within])).left.map(({ code }) => code)).toEqual(['BEYOND_DELEGATE']);
  expect(await liveness()).toBe(true);

  const newOwner = await signerOf('new owner');
  const moveOwner = await net.tx('move-owner', owner, {
    source,
    studyId,
    newOwner: newOwner.publicKey,
    acceptance: await signMoveAcceptance({ chainId: net.chainId, source, studyId, newOwner }),
  });
  expect(await verifyAll(signatureClaims(moveOwner, net.chainId))).toBe(true);
  expect((await net.add([moveOwner])).left).toEqual([]);
  expect(await liveness()).toBe(false);
  const moved = await cellOf(net, cellKey.study(source, studyId), decodeStudyCell);
  expect(moved).toMatchObject({ era: 1, owner: newOwner.publicKey, delegate: undefined });
  expect(await cellOf(net, cellKey.owner(owner.publicKey), decodeOwnerCell)).toMatchObject({ role: 'owner', studyId });

  while (net.parent.height < 11) await net.add();
  const epoch2 = await cellOf(net, cellKey.epoch(2), decodeEpochCell);
  expect(epoch2).toMatchObject({ epoch: 2, firstHeight: 11 });
  expect(epoch2.seed).toHaveLength(32);
  expect((await cellOf(net, cellKey.epoch(3), decodeEpochCell)).seed).toBeUndefined();

  await net.add([await net.tx('retire-study', signing, { source, studyId, reason: 'wrong-patient' })]);
  expect(await net.state.getMany([cellKey.stake(source, 0)])).toEqual([undefined]);
  const retired = await net.add([
    await net.tx('allow-access', newOwner, { ...grantFields, sequence: sequence + 9 }),
    await net.tx('amend-study', signing, { source, studyId, content: idOf('other') }),
  ]);
  expect(retired.left.map(({ code }) => code)).toEqual(['STUDY_RETIRED', 'STUDY_RETIRED']);

  const { stateRoot } = net.parent;
  for (const name of [cellKey.source(source), cellKey.study(source, studyId), cellKey.study(source, idOf('none'))]) {
    const [value] = await net.state.getMany([name]);
    expect(verifyCellProof({ stateRoot, name, value, proof: await proveCell(net.state, name) })).toBe(true);
  }
  expect((await cellOf(net, cellKey.source(source), decodeSourceCell)).endpoint?.name).toBe('Hospital a');
});

describe('a block that breaks a rule', () => {
  test('is refused with the code of the rule', async () => {
    const net = await TestNet.open();
    const [a, b] = await Promise.all([net.defineSource('a'), net.defineSource('b')]);
    const { block } = await (await import('../src/index.js')).buildBlock(net.buildInput([a, b]));
    const refusal = async (header: object, body: object = {}): Promise<string> => {
      const changed = { header: { ...block.header, ...header }, body: { ...block.body, ...body } };
      const result = await net.execute({ ...changed, id: block.id });
      return result.status === 'invalid' ? result.code : 'valid';
    };
    expect(await refusal({})).toBe('valid');
    expect(await refusal({ chainId: idOf('other') })).toBe('WRONG_CHAIN');
    expect(await refusal({ height: 2 })).toBe('WRONG_HEIGHT');
    expect(await refusal({ parentId: idOf('other') })).toBe('WRONG_PARENT');
    expect(await refusal({ timestampMs: net.parent.timestampMs })).toBe('TIMESTAMP_TOO_EARLY');
    expect(await refusal({ bodyBytes: block.header.bodyBytes + 1 })).toBe('WRONG_BODY_SIZE');
    expect(await refusal({ dutyRoot: idOf('other') })).toBe('WRONG_DUTY_ROOT');
    expect(await refusal({ transactionRoot: idOf('other') })).toBe('WRONG_TRANSACTION_ROOT');
    expect(await refusal({ stateRoot: idOf('other') })).toBe('WRONG_STATE_ROOT');
    const [first, second] = block.body.transactions as [Uint8Array, Uint8Array];
    const { merkleRoot, bodyBytesOf } = await import('../src/index.js');
    const withTransactions = (transactions: Uint8Array[]): Promise<string> =>
      refusal({ transactionRoot: merkleRoot(transactions), bodyBytes: bodyBytesOf(transactions, 3) }, { transactions });
    expect(await withTransactions([second, first])).toBe('WRONG_ORDER');
    expect(await withTransactions([first, first])).toBe('WRONG_ORDER');
    expect(await withTransactions([Uint8Array.of(1)])).toBe('MALFORMED');
    expect(await withTransactions([new Uint8Array(70_000)])).toBe('TOO_LARGE');
  });
});
