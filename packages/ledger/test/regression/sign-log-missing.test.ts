// What broke: a node whose sign-log was missing threw NO_IDENTITY as soon as a later epoch let it vote.
import { simplex } from '@radledger/consensus-simplex';
import { afterEach, expect, test, vi } from 'vitest';
import { heightReached, nextEvent, startNet, type TestNet } from '../support/net.js';

vi.setConfig({ testTimeout: 60_000 });

let net: TestNet | undefined;
afterEach(async () => {
  await net?.close();
  net = undefined;
});

test('a node whose sign-log is missing votes again in a later epoch, and its votes are logged', async () => {
  let lost = false;
  let appended = 0;
  net = await startNet({
    module: simplex,
    parameters: { epochHeights: 4, targetIntervalMs: 50 },
    tap(index, { signLog }) {
      if (index !== 3 || !lost) return;
      const append = signLog.append.bind(signLog);
      signLog.append = (record) => {
        appended += 1;
        return append(record);
      };
    },
    signLogMissing: (index) => index === 3 && lost,
  });
  const [first, , , last] = net.nodes as [TestNet['nodes'][0], unknown, unknown, TestNet['nodes'][0]];
  await heightReached(first.ledger, 2);
  await last.stop();
  lost = true;
  await last.restart();
  expect(last.ledger.status().voting.allowed).toBe(false);
  while (!last.ledger.status().voting.allowed) await nextEvent(last.ledger, 'finalized');
  const voted = appended;
  await vi.waitUntil(() => appended > voted, { timeout: 30_000 });
  await heightReached(last.ledger, last.ledger.status().finalized.height + 2);
});
