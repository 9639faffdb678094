/** One small question for blocks drew sixteen copies of the same block, and megabytes without end. */
import { DEFAULT_PARAMETERS } from '@radledger/chain';
import { expect, test } from 'vitest';
import { decodeMessage, encodeMessage } from '../../src/message.js';
import { blockOf, notarizationOf, sentBy, Voter } from '../support/voter.js';

test('the ids of one question differ', () => {
  const { id } = blockOf(1);
  const bytes = encodeMessage({ type: 'fetch-blocks', ids: [id, id] });
  expect(() => decodeMessage(bytes, DEFAULT_PARAMETERS.blockBytesMax)).toThrow(
    expect.objectContaining({ code: 'MALFORMED_MESSAGE' }),
  );
});

test('a peer gets a share of bytes a second, another peer its own', () => {
  const voter = new Voter();
  const half = new Uint8Array(DEFAULT_PARAMETERS.blockBytesMax / 2 - 100);
  const block = blockOf(1, { transactions: [half, half] });
  voter.receive({ type: 'certificate', certificate: notarizationOf(1, block) });
  voter.receive({ type: 'block', block });
  const answers = (peer: string): number =>
    Array.from({ length: 20 }, () => sentBy(voter.receive({ type: 'fetch-blocks', ids: [block.id] }, peer))).flat()
      .length;
  expect([answers('greedy'), answers('greedy'), answers('other')]).toEqual([4, 0, 4]);
  voter.nowMs += 1_000;
  expect(answers('greedy')).toBe(4);
});

test('a block is encoded once, however often it is asked for', () => {
  const voter = new Voter();
  const block = blockOf(1);
  voter.receive({ type: 'certificate', certificate: notarizationOf(1, block) });
  voter.receive({ type: 'block', block });
  const [first, second] = ['a', 'b'].map((peer) => voter.receive({ type: 'fetch-blocks', ids: [block.id] }, peer)[0]);
  expect(first).toMatchObject({ type: 'send', peer: 'a' });
  expect(first?.type === 'send' && second?.type === 'send' && first.bytes === second.bytes).toBe(true);
});
