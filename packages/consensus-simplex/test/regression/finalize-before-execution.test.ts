/** A node signed finalize for a block that it had not executed, on the word of a certificate. */
import { expect, test } from 'vitest';
import { blockOf, notarizationOf, proposalOf, sentBy, signedBy, Voter } from '../support/voter.js';

const block = blockOf(1);
const certificate = { type: 'certificate', certificate: notarizationOf(1, block) } as const;

test('finalize waits for the verdict, the view does not', () => {
  const voter = new Voter({ seat: 0 });
  voter.allow();
  expect(signedBy(voter.receive(certificate))).toEqual([]);
  expect(voter.instance.status().view).toBe(2);
  voter.receive({ type: 'block', block });
  expect(signedBy(voter.valid(block))).toContain(3);
});

test('a block executed before its certificate is finalized at once', () => {
  const voter = new Voter({ seat: 0 });
  voter.allow();
  voter.receive(proposalOf(1, block));
  voter.valid(block);
  expect(signedBy(voter.receive(certificate))).toEqual([3]);
});

test('a block that does not execute is never finalized', () => {
  const voter = new Voter({ seat: 0 });
  voter.allow();
  voter.receive(certificate);
  voter.receive({ type: 'block', block });
  const effects = voter.step({ type: 'verdict', blockId: block.id, verdict: { kind: 'invalid', code: 'STATE_ROOT' } });
  expect(signedBy(effects)).toEqual([]);
  expect(sentBy(effects).some(({ type }) => type === 'vote')).toBe(false);
});
