/** After a power cut of every node, a view whose only certificates were in memory stood between the chain and its leaders. */
import { expect, test } from 'vitest';
import { voteOfSignedBytes } from '../../src/vote.js';
import { nullificationOf, Voter } from '../support/voter.js';

function nullified(effects: ReturnType<Voter['step']>): readonly number[] {
  return effects.flatMap((effect) => {
    if (effect.type !== 'sign') return [];
    const { kind, view } = voteOfSignedBytes(effect.record.bytes);
    return kind === 'nullify' ? [view] : [];
  });
}

test('who is shown no certificate of an older view gives it up when the next one is stuck as well', () => {
  const voter = new Voter({ seat: 0 });
  voter.allow();
  voter.receive({ type: 'certificate', certificate: nullificationOf(3) });
  expect(voter.instance.status().view).toBe(4);
  expect(nullified(voter.step({ type: 'timer', id: 'advance' }))).toEqual([4, 1, 2]);
});

test('a view that has a certificate is left alone', () => {
  const voter = new Voter({ seat: 0 });
  voter.allow();
  for (const view of [1, 2]) voter.receive({ type: 'certificate', certificate: nullificationOf(view) });
  expect(nullified(voter.step({ type: 'timer', id: 'advance' }))).toEqual([3]);
});
