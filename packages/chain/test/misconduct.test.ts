import type { Signer } from '@radledger/primitives';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  cellKey,
  decodeDutyCell,
  decodeEpochCell,
  decodeKeyCell,
  decodeMisconductCell,
  decodeSourceCell,
  encodeViewsCell,
  EMPTY_VIEWS_CELL,
} from '../src/index.js';
import { encodeStatement, type Statement } from '../src/testing/index.js';
import { idOf, judge, type SourceKeys, signerOf, sourceKeysOf, TestNet } from './scenario-fixture.js';

let net: TestNet;
let a: SourceKeys;
let source: Uint8Array;
let reporter: Signer;
let guilty: Statement;

beforeEach(async () => {
  net = await TestNet.open(['a', 'b'], { evidenceHeightsMax: 10 });
  a = await sourceKeysOf('a');
  source = a.signing.publicKey;
  reporter = await signerOf('anyone');
  guilty = { kind: 2, epoch: 0, view: 7, verdict: 'EQUIVOCATED', source, nodeKey: a.node.publicKey };
});

const report = (said: Partial<Statement> = {}, named: Partial<Statement> = {}) => {
  const { nodeKey, epoch } = { ...guilty, ...said, ...named };
  const payload = { source: named.source ?? source, nodeKey, epoch, evidence: encodeStatement({ ...guilty, ...said }) };
  return net.tx('report-misconduct', reporter, payload);
};

async function cell<T>(name: Uint8Array, decode: (bytes: Uint8Array) => T): Promise<T | undefined> {
  const [bytes] = await net.state.getMany([name]);
  return bytes && decode(bytes);
}

/** Blocks up to this height. */
async function reach(height: number): Promise<void> {
  while (net.parent.height < height) await net.add();
}

describe('Report Misconduct', () => {
  test('an equivocation is put down and charged once, and ends the node key alone', async () => {
    const before = await cell(cellKey.source(source), decodeSourceCell);
    await net.add([await report()]);
    expect(await cell(cellKey.misconduct(source, 0), decodeMisconductCell)).toEqual({
      nodeKey: a.node.publicKey,
      reports: [{ kind: 2, verdict: 'EQUIVOCATED', view: 7, height: 1 }],
    });
    expect(await cell(cellKey.key(a.node.publicKey), decodeKeyCell)).toMatchObject({ tombstoned: true });
    expect(await cell(cellKey.key(a.vrf.publicKey), decodeKeyCell)).toMatchObject({ tombstoned: false });
    expect(await cell(cellKey.key(source), decodeKeyCell)).toMatchObject({ tombstoned: false });
    expect(await cell(cellKey.source(source), decodeSourceCell)).toEqual(before);
    expect((await cell(cellKey.duty(source), decodeDutyCell))?.open.equivocated).toBe(1);
  });

  test('duplicate reports: once for a source, epoch and kind, whoever reports and however it is worded', async () => {
    await net.add([await report()]);
    expect(await judge(net, await report())).toBe('MISCONDUCT_KNOWN!');
    expect(await judge(net, await report({ view: 9 }))).toBe('MISCONDUCT_KNOWN!');
    const both = [await report({ kind: 3 }), await report({ kind: 3, view: 8 })];
    const { selected, left } = await net.add(both);
    expect(selected).toHaveLength(1);
    expect(left).toMatchObject([{ code: 'MISCONDUCT_KNOWN', permanent: true }]);
  });

  test('one penalty a key and epoch: further kinds are put down and cost nothing', async () => {
    await net.add([await report()]);
    await net.add([await report({ kind: 4 }), await report({ kind: 5, verdict: 'INVALID' })]);
    const reports = (await cell(cellKey.misconduct(source, 0), decodeMisconductCell))?.reports;
    expect(new Set(reports?.map(({ kind }) => kind))).toEqual(new Set([2, 4, 5]));
    const { open } = (await cell(cellKey.duty(source), decodeDutyCell)) ?? {};
    expect(open).toMatchObject({ equivocated: 1, invalid: 0 });
  });

  test('an invalid block is charged and leaves the key its seat', async () => {
    await net.add([await report({ kind: 5, verdict: 'INVALID' })]);
    expect((await cell(cellKey.duty(source), decodeDutyCell))?.open.invalid).toBe(1);
    expect(await cell(cellKey.key(a.node.publicKey), decodeKeyCell)).toMatchObject({ tombstoned: false });
  });

  test('a proof that a leader was late applies while the view waits, and is not put down', async () => {
    const late = await report({ kind: 6, verdict: 'LATE' });
    expect(await judge(net, late)).toBe('VIEW_NOT_PENDING');
    const pending = [{ epoch: 0, view: 7, source, dueHeight: 33 }];
    const views = encodeViewsCell({ ...EMPTY_VIEWS_CELL, pending });
    (net.state.cells as Map<string, Uint8Array>).set(Buffer.from(cellKey.views).toString('hex'), views);
    expect(await judge(net, late)).toBe('ok');
    expect(await cell(cellKey.misconduct(source, 0), decodeMisconductCell)).toBeUndefined();
  });

  test('Mulberry: an epoch that no finalized boundary has opened proves nothing', async () => {
    expect(await judge(net, await report({ epoch: 1 }))).toBe('EVIDENCE_TOO_EARLY');
    expect(await judge(net, await report({ epoch: 2 ** 40 }))).toBe('EVIDENCE_TOO_EARLY');
    await reach(5);
    expect(await judge(net, await report({ epoch: 1 }))).toBe('ok');
  });

  test('28 days: evidenceHeightsMax after the end of the epoch it is too old', async () => {
    await reach(14);
    expect(await judge(net, await report())).toBe('ok');
    await reach(15);
    expect(await judge(net, await report())).toBe('EVIDENCE_TOO_OLD!');
  });

  test('framing: the report names who the evidence names, key and epoch included', async () => {
    const b = await sourceKeysOf('b');
    expect(await judge(net, await report({}, { source: b.signing.publicKey }))).toBe('EVIDENCE_INVALID!');
    expect(await judge(net, await report({}, { nodeKey: b.node.publicKey }))).toBe('EVIDENCE_INVALID!');
    expect(await judge(net, await report({ nodeKey: idOf('stranger') }))).toBe('EVIDENCE_INVALID!');
    await reach(5);
    expect(await judge(net, await report({ epoch: 1 }, { epoch: 0 }))).toBe('EVIDENCE_INVALID!');
  });

  test('a tombstoned node key has no seat at the next snapshot but keeps those it was given', async () => {
    await net.add([await report()]);
    await reach(5);
    const members = async (epoch: number): Promise<readonly string[]> => {
      const found = await cell(cellKey.epoch(epoch), decodeEpochCell);
      return (found?.members ?? []).map(({ nodeKey }) => Buffer.from(nodeKey).toString('hex'));
    };
    const key = Buffer.from(a.node.publicKey).toString('hex');
    expect(await members(1)).toContain(key);
    expect(await members(2)).not.toContain(key);
    expect(await members(2)).toHaveLength(1);
  });

  test('a penalty never blocks studies, grants and revocations', async () => {
    const owner = await signerOf('owner');
    await net.add([await net.defineSource('a')]);
    await net.add([await report(), await report({ kind: 5, verdict: 'INVALID' })]);
    await net.add([await net.defineStudy('a', 'study', owner)]);
    const access = { source, studyId: idOf('study'), tag: idOf('doctor'), sequence: 1 };
    const notAfterMs = net.nextTimestampMs + 1_000_000;
    await net.add([
      await net.tx('allow-access', owner, { ...access, notAfterMs, scope: 0, consentReceiptHash: undefined }),
    ]);
    await net.add([await net.tx('revoke-access', owner, { ...access, sequence: 2 })]);
    const amended = await net.tx('amend-study', a.signing, { source, studyId: idOf('study'), content: idOf('new') });
    const { selected } = await net.add([amended]);
    expect(selected).toHaveLength(1);
  });
});
