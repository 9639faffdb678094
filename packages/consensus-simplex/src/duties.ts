/** Which views a finalized block closes, and how. Spec: docs/spec/simplex.md, section 8. */
import type { Block, Parameters } from '@radledger/chain';
import {
  ConsensusError,
  type DutyEvent,
  type EpochContext,
  type EpochLookup,
  leaderOf,
  seatOf,
} from '@radledger/consensus';
import { type Certificate, statementOf } from './certificate.js';
import { decodeJustification } from './justification.js';
import { decodeSeal } from './seal.js';

/** Views of one block at most: more are not held by any voter either. */
const VIEWS_MAX = 65_536;

export function dutiesOf(
  block: Block,
  context: { readonly chainId: Uint8Array; readonly epoch: EpochLookup; readonly parameters: Parameters },
): readonly DutyEvent[] {
  if (block.header.height === 0) return [];
  const seal = decodeSeal(block.header);
  const { parent, nullifications, tail } = decodeJustification(
    block.body.justification,
    context.parameters.blockBytesMax,
  );
  const events: DutyEvent[] = [];
  const record = (epochNumber: number, view: number, certificate: Certificate | 'block' | undefined): void => {
    const epoch = context.epoch(epochNumber);
    if (epoch === undefined)
      throw new ConsensusError({ code: 'NO_SEED', epoch: epochNumber }, 'expected a known epoch');
    events.push(eventOf(block.header.height, context.chainId, epoch, view, certificate));
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
  for (const { vote, signatures } of shown.groups) {
    // A certificate of a block, not against the view: the boundary block was proposed again.
    if (vote.kind !== 'nullify') return { ...event, class: 'PRODUCED' };
    for (const [seat] of signatures) reasonWeights[vote.reason as 0 | 1 | 2 | 3] += seatOf(epoch, seat).weight;
  }
  return { ...event, class: 'NULLIFIED' };
}
