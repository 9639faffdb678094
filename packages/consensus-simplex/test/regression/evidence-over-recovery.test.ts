/** Voters of after a recovery sign other bytes than the epoch's cell says: nothing they did wrong could be proven. */
import { DEFAULT_PARAMETERS, type EpochCell } from '@radledger/chain';
import { createChainRules, epochContextOf, type EpochContext } from '@radledger/consensus';
import { equalBytes, hash } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { encodeEvidence, EvidenceKind } from '../../src/evidence-format.js';
import { simplex } from '../../src/simplex.js';
import { chainId, member, members, signature } from '../support/voter.js';

const parameters = { ...DEFAULT_PARAMETERS, epochHeights: 10 };
const { committeeMax, epochHeights } = parameters;
const [firstBlock, secondBlock] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
const recovery = { height: 14, blockId: hash('b'), leftOut: [member(3).nodeKey], nonce: new Uint8Array(8) };
const rules = createChainRules(simplex, [recovery]);

const cellOf = (epoch: number): EpochCell => ({
  epoch,
  firstHeight: epoch * epochHeights + 1,
  members: [...members],
  seed: hash('test/seed', epoch),
});
const contextOf = (epoch: number, recoveries: readonly (typeof recovery)[]): EpochContext =>
  epochContextOf(cellOf(epoch), { chainId, committeeMax }, { recoveries, epochHeights });

/** Whether two finalizations by this seat, signed among these voters, are proof against it. */
function isProven(seat: number, { epoch, committeeRoot }: EpochContext): boolean {
  const { nodeKey } = member(seat);
  const evidence = encodeEvidence({
    kind: EvidenceKind.conflictingFinalize,
    epoch,
    committeeRoot,
    nodeKey,
    votes: [
      { vote: { kind: 'finalize', view: 5, blockId: firstBlock }, signature },
      { vote: { kind: 'finalize', view: 5, blockId: secondBlock }, signature },
    ],
  });
  const policies = { admission: 'open', stake: 'raw' } as const;
  const judgeOffence = () => undefined;
  const judgement = rules.evidence.judge({
    evidence,
    chainId,
    parameters,
    policies,
    epoch: cellOf(epoch),
    judgeOffence,
  });
  return judgement?.offenders.some((offender) => equalBytes(offender.nodeKey, nodeKey)) ?? false;
}

test('whoever voted answers for it: before the recovery, after it, and in later epochs', () => {
  expect(isProven(0, contextOf(1, []))).toBe(true);
  expect(isProven(0, contextOf(1, [recovery]))).toBe(true);
  expect(isProven(0, contextOf(2, [recovery]))).toBe(true);
});

test('who was left out answers for what it signed before, and has no vote after', () => {
  expect(isProven(3, contextOf(1, []))).toBe(true);
  expect(isProven(3, contextOf(1, [recovery]))).toBe(false);
  expect(isProven(3, contextOf(2, []))).toBe(false);
});
