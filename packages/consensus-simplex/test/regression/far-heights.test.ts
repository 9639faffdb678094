/** Proposals of impossible heights, and others that may not stand where they stand, were kept for ever. */
import { expect, test } from 'vitest';
import { encodeJustification } from '../../src/justification.js';
import {
  blockOf,
  boundaryState,
  EPOCH_HEIGHTS,
  notarizationOf,
  nullificationOf,
  proposalOf,
  Voter,
} from '../support/voter.js';

test('a height outside the epoch is not kept', () => {
  const voter = new Voter();
  const far = [2 ** 50, EPOCH_HEIGHTS + 1].map((height, index) => blockOf(index + 1, { height }));
  far.forEach((block, index) => {
    voter.receive(proposalOf(index + 1, block));
    voter.receive({ type: 'certificate', certificate: nullificationOf(index + 1) });
  });
  for (const block of far) expect(voter.holds(block)).toBe(false);
});

test('a proposal that may not stand where it stands is not kept', () => {
  const voter = new Voter();
  const early = blockOf(1, { timestampMs: 1 });
  voter.receive(proposalOf(1, early));
  expect(voter.holds(early)).toBe(false);
});

test('a parent that no certificate names is not asked for', () => {
  const voter = new Voter();
  const orphan = blockOf(1, { parent: blockOf(9).header });
  voter.receive(proposalOf(1, orphan));
  expect(voter.holds(orphan)).toBe(false);
});

test('a certified block is kept, whatever its second proposal claims', () => {
  const voter = new Voter();
  const block = blockOf(1);
  voter.receive(proposalOf(1, block));
  voter.receive({ type: 'certificate', certificate: notarizationOf(1, block) });
  const again = encodeJustification({ parent: notarizationOf(1, block), nullifications: [], tail: undefined });
  voter.receive(proposalOf(2, block, again));
  expect(voter.holds(block)).toBe(true);
});

test('a new epoch begins with nothing of the old one', () => {
  const voter = new Voter();
  const block = blockOf(1, { height: EPOCH_HEIGHTS, parent: { ...blockOf(9).header, height: EPOCH_HEIGHTS - 1 } });
  const certificate = notarizationOf(1, block);
  voter.receive({ type: 'certificate', certificate });
  voter.receive({ type: 'block', block });
  expect(voter.holds(block)).toBe(true);
  voter.step({ type: 'synced', finalized: { ...boundaryState(1), header: { ...boundaryState(1).header, height: 6 } } });
  expect(voter.holds(block)).toBe(false);
});
