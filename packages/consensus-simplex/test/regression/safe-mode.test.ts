/** Whether a certified block that does not execute stopped a node depended on which of the two it learned first. */
import { expect, test } from 'vitest';
import { encodeJustification } from '../../src/justification.js';
import { blockOf, notarizationOf, proposalOf, reportsOf, Voter } from '../support/voter.js';

const block = blockOf(1);
const certificate = { type: 'certificate', certificate: notarizationOf(1, block) } as const;
const refusal = { type: 'verdict', blockId: block.id, verdict: { kind: 'invalid', code: 'STATE_ROOT' } } as const;
const safe = { allowed: false, reason: 'SAFE_MODE' };

test('certificate, then refusal', () => {
  const voter = new Voter({ seat: 0 });
  voter.allow();
  voter.receive(proposalOf(1, block));
  voter.receive(certificate);
  expect(reportsOf(voter.step(refusal))).toEqual(['CERTIFIED_BUT_STATE_ROOT']);
  expect(voter.instance.status().voting).toEqual(safe);
});

test('refusal, then certificate', () => {
  const voter = new Voter({ seat: 0 });
  voter.allow();
  voter.receive(proposalOf(1, block));
  voter.step(refusal);
  expect(reportsOf(voter.receive(certificate))).toEqual(['CERTIFIED_BUT_STATE_ROOT']);
  expect(voter.instance.status().voting).toEqual(safe);
});

test('a certified child of a refused block', () => {
  const voter = new Voter({ seat: 0 });
  voter.allow();
  voter.receive(proposalOf(1, block));
  voter.step(refusal);
  const parent = notarizationOf(1, block);
  const justification = encodeJustification({ parent, nullifications: [], tail: undefined });
  const child = blockOf(2, { parent: block.header, justification, timestampMs: block.header.timestampMs + 5_000 });
  voter.receive({ type: 'certificate', certificate: notarizationOf(2, child) });
  voter.receive({ type: 'block', block: child });
  expect(voter.instance.status().voting).toEqual(safe);
});
