/** A report may rest on a slow check: a block holds few of them, and a node does other work after each. */
import { expect, test } from 'vitest';
import {
  blockIdOf,
  bodyBytesOf,
  compareOrder,
  executeBlock,
  merkleRootInSlices,
  orderKeyOf,
  REPORTS_PER_BLOCK_MAX,
} from '../../src/index.js';
import { encodeStatement, equalWeightRules } from '../../src/testing/index.js';
import { signerOf, sourceKeysOf, TestNet } from '../scenario-fixture.js';

async function netWithReports(count: number) {
  const net = await TestNet.open(['a', 'b']);
  const { signing, node } = await sourceKeysOf('a');
  const reporter = await signerOf('anyone');
  const accused = { source: signing.publicKey, nodeKey: node.publicKey, epoch: 0 };
  const reports = await Promise.all(
    Array.from({ length: count }, (_, at) => {
      const evidence = encodeStatement({ ...accused, kind: at + 1, view: 7, verdict: 'INVALID' });
      return net.tx('report-misconduct', reporter, { ...accused, evidence });
    }),
  );
  return { net, reports };
}

test('a builder takes eight reports and leaves the rest for a later block', async () => {
  const { net, reports } = await netWithReports(REPORTS_PER_BLOCK_MAX + 3);
  const { selected, left } = await net.add(reports);
  expect(new Set(selected)).toEqual(new Set(reports.slice(0, 8)));
  expect(left.map(({ code, permanent }) => ({ code, permanent }))).toEqual(
    Array.from({ length: 3 }, () => ({ code: 'NO_ROOM', permanent: false })),
  );
  expect((await net.add(left.map(({ transaction }) => transaction))).selected).toHaveLength(3);
});

test('a block with nine reports is invalid, and none of them is judged', async () => {
  const { net, reports } = await netWithReports(REPORTS_PER_BLOCK_MAX + 1);
  const { block } = await net.add();
  const [, parent] = [net.headers.pop(), net.parent];
  const transactions = [...reports]
    .sort((a, b) => compareOrder(orderKeyOf(a, blockIdOf(parent)), orderKeyOf(b, blockIdOf(parent))))
    .map(({ bytes }) => bytes);
  const body = { ...block.body, transactions };
  const header = {
    ...block.header,
    transactionRoot: await merkleRootInSlices(transactions, () => Promise.resolve()),
    bodyBytes: bodyBytesOf(transactions, body.justification.length),
  };
  let judged = 0;
  const judge: typeof equalWeightRules.evidence.judge = () => {
    judged += 1;
    return undefined;
  };
  const result = await executeBlock({
    chainId: net.chainId,
    parent,
    state: net.state,
    recent: net.recent,
    rules: { ...equalWeightRules, evidence: { ...equalWeightRules.evidence, judge } },
    block: { header, body },
  });
  expect(result).toMatchObject({ status: 'invalid', code: 'TOO_MANY_REPORTS' });
  expect(judged).toBe(0);
});

test('other work has its turn after each report', async () => {
  const { net, reports } = await netWithReports(5);
  const order: string[] = [];
  const judge: typeof equalWeightRules.evidence.judge = (input) => {
    order.push('report');
    return equalWeightRules.evidence.judge(input);
  };
  await net.add(reports, {
    rules: { ...equalWeightRules, evidence: { ...equalWeightRules.evidence, judge } },
    pause: () => {
      if (order.at(-1) === 'report') order.push('pause');
      return Promise.resolve();
    },
  });
  expect(order.slice(0, 10)).toEqual(Array.from({ length: 5 }, () => ['report', 'pause']).flat());
});
