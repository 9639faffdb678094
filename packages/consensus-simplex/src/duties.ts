/** Which views a finalized block closes, and how. Spec: docs/spec/simplex.md, section 8. */
import {
  type ClosingBlock,
  ConsensusError,
  type DutyContext,
  type DutyEvent,
  type EpochContext,
  leaderOf,
  seatOf,
} from '@radledger/consensus';
import { equalBytes, toHex } from '@radledger/primitives';
import { type Certificate, statementOf } from './certificate.js';
import { certificatesOf, decodeJustification } from './justification.js';
import { decodeSeal } from './seal.js';
import { NullifyReason } from './vote.js';

/** Views of one block at most: more are not held by any voter either. */
const VIEWS_MAX = 65_536;

export function dutiesOf(block: ClosingBlock, context: DutyContext): readonly DutyEvent[] {
  if (block.header.height === 0) return [];
  const seal = decodeSeal(block.header);
  const { parent, nullifications, tail } = decodeJustification(
    block.body.justification,
    context.parameters.blockBytesMax,
  );
  const events: DutyEvent[] = [];
  const record = (epochNumber: number, view: number, certificate: Certificate | 'block' | undefined): void => {
    events.push(eventOf(block.header.height, context.chainId, knownEpoch(context, epochNumber), view, certificate));
  };
  const parentView = parent === undefined ? 0 : statementOf(parent).view;
  if (tail !== undefined && parent !== undefined) {
    const shown = byView([...tail.certificates, parent]);
    for (let view = tail.firstView; view <= parentView && view < tail.firstView + VIEWS_MAX; view++) {
      record(parent.epoch, view, shown.get(view));
    }
  }
  const first = parent?.epoch === seal.epoch ? parentView + 1 : 1;
  const shown = byView(nullifications);
  for (let view = Math.max(first, seal.view - VIEWS_MAX); view < seal.view; view++)
    record(seal.epoch, view, shown.get(view));
  record(seal.epoch, seal.view, 'block');
  return events;
}

/** Everyone whose signature stands in a certificate of the justification. */
export function votersOf(block: ClosingBlock, context: DutyContext): readonly Uint8Array[] {
  const justification = decodeJustification(block.body.justification, context.parameters.blockBytesMax);
  const voters = new Map<string, Uint8Array>();
  for (const certificate of certificatesOf(justification)) {
    const epoch = knownEpoch(context, certificate.epoch);
    for (const { signatures } of certificate.groups) {
      for (const [seat] of signatures) {
        const { source } = seatOf(epoch, seat);
        voters.set(toHex(source), source);
      }
    }
  }
  return [...voters.values()];
}

function knownEpoch(context: DutyContext, epoch: number): EpochContext {
  const known = context.epoch(epoch);
  if (known === undefined) throw new ConsensusError({ code: 'NO_SEED', epoch }, 'expected a known epoch');
  return known;
}

function byView(certificates: readonly Certificate[]): Map<number, Certificate> {
  return new Map(certificates.map((certificate) => [statementOf(certificate).view, certificate]));
}

function eventOf(
  height: number,
  chainId: Uint8Array,
  epoch: EpochContext,
  view: number,
  shown: Certificate | 'block' | undefined,
): DutyEvent {
  const { source } = leaderOf(chainId, epoch, view);
  const reasonWeights: [bigint, bigint, bigint, bigint] = [0n, 0n, 0n, 0n];
  const event = { height, epoch: epoch.epoch, view, source, reasonWeights, totalWeight: epoch.totalWeight };
  if (shown === undefined) return { ...event, class: 'UNRECORDED' };
  if (shown === 'block') return { ...event, class: 'PRODUCED' };
  let [invalidWeight, leaderDeclined] = [0n, false];
  for (const { vote, signatures } of shown.groups) {
    // A certificate of a block, not against the view: the boundary block was proposed again.
    if (vote.kind !== 'nullify') return { ...event, class: 'PRODUCED' };
    const voters = signatures.map(([seat]) => seatOf(epoch, seat));
    const weight = voters.reduce((sum, voter) => sum + voter.weight, 0n);
    reasonWeights[vote.reason as NullifyReason] += weight;
    // A group says one thing: reasons 1 of different blocks stand in different groups.
    if (vote.reason === NullifyReason.invalid && weight > invalidWeight) invalidWeight = weight;
    if (vote.reason === NullifyReason.declined)
      leaderDeclined ||= voters.some((voter) => equalBytes(voter.source, source));
  }
  return { ...event, class: 'NULLIFIED', invalidWeight, leaderDeclined };
}
