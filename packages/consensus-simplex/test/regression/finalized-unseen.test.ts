/** Timers stood on notarizations only: a node that saw nothing but a finalization called the next leader silent too early. */
import { expect, test } from 'vitest';
import { blockOf, certificateOf, parameters, proposalOf, START_MS, Voter } from '../support/voter.js';

test('the time of a block that only a finalization certifies moves the base of the timers', () => {
  const voter = new Voter({ seat: 0 });
  voter.allow();
  const block = blockOf(1, { timestampMs: START_MS + 1_000 });
  voter.nowMs = START_MS + 1_010;
  voter.receive(proposalOf(1, block));
  voter.valid(block);
  const certificate = certificateOf({ kind: 'finalize', view: 1, blockId: block.id });
  const leaderTimers = voter
    .receive({ type: 'certificate', certificate })
    .flatMap((effect) => (effect.type === 'set-timer' && effect.id === 'leader' ? [effect.atMs] : []));
  const { targetIntervalMs, assumedDelayMs } = parameters;
  expect(leaderTimers.at(-1)).toBe(START_MS + 1_000 + targetIntervalMs + 2 * assumedDelayMs);
});
