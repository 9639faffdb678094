// What broke: an invalid block was charged twice when its report came before its certificate, and an equivocation took the place of
// a missed view, so that who missed a view owed less by equivocating as well.
import { expect, test } from 'vitest';
import {
  applyVerdict,
  buildBlock,
  cellKey,
  type ChainRules,
  decodeDutyCell,
  decodeViewsCell,
  EMPTY_VIEWS_CELL,
} from '../../src/index.js';
import { encodeStatement, equalWeightRules } from '../../src/testing/index.js';
import { signerOf, sourceKeysOf, TestNet } from '../scenario-fixture.js';

const source = new Uint8Array(32).fill(1);

test('an invalid block that was reported before its view closed is charged once, and the view is missed', async () => {
  const net = await TestNet.open(['a', 'b']);
  const { signing, node } = await sourceKeysOf('a');
  const accused = { source: signing.publicKey, nodeKey: node.publicKey, epoch: 0 };
  const evidence = encodeStatement({ ...accused, kind: 5, view: 2, verdict: 'INVALID' });
  const report = await net.tx('report-misconduct', await signerOf('anyone'), { ...accused, evidence });
  const closing: ChainRules = {
    ...equalWeightRules,
    closeViews: ({ views, position: { height } }) => ({
      views: { ...views, settled: views.settled + (height === 2 ? 1 : 0) },
      settled: height === 2 ? [{ ...accused, view: 2, counter: 'invalid' }] : [],
      events: [],
    }),
  };
  await net.add([report]);
  const { writeSet } = await buildBlock(net.buildInput([], { rules: closing }));
  const written = (name: Uint8Array): Uint8Array => writeSet.cells.get(Buffer.from(name).toString('hex'))!;
  const { open } = decodeDutyCell(written(cellKey.duty(signing.publicKey)));
  expect(open).toMatchObject({ invalid: 1, missed: 1 });
  const { settled, charged } = decodeViewsCell(written(cellKey.views));
  expect(settled + charged).toBe(Object.values(open).reduce((sum, count) => sum + count, 0));
});

test('a second invalid block of an epoch, whose view waits, leaves it to be missed', () => {
  const waiting = { ...EMPTY_VIEWS_CELL, pending: [{ epoch: 3, view: 7, source, dueHeight: 90 }] };
  const charged = applyVerdict({ class: 'INVALID', source, epoch: 3, view: 6 }, { views: waiting, duty: undefined }, 3);
  expect(applyVerdict({ class: 'INVALID', source, epoch: 3, view: 7 }, charged, 3)).toBe(charged);
});

test('an equivocation is charged besides: the view that waits stays to be missed', () => {
  const waiting = { ...EMPTY_VIEWS_CELL, pending: [{ epoch: 3, view: 7, source, dueHeight: 90 }] };
  const verdict = { class: 'EQUIVOCATED', source, epoch: 3, view: 7 } as const;
  const { views, duty } = applyVerdict(verdict, { views: waiting, duty: undefined }, 4);
  expect(views).toEqual({ ...waiting, charged: 1 });
  expect(duty?.open).toMatchObject({ equivocated: 1, missed: 0 });
  expect(duty?.tombstonedEpoch).toBe(4);
});
