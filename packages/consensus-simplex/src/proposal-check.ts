/** Whether a proposal stands where it may (R2), apart from what its block does. Spec: docs/spec/simplex.md, section 5. */
import { type Block, epochOfHeight, type Header, isBoundaryHeight, type Parameters } from '@radledger/chain';
import type { EpochContext } from '@radledger/consensus';
import { equalBytes } from '@radledger/primitives';
import { type Certificate, statementOf } from './certificate.js';
import { type Justification, NULLIFICATIONS_INLINE_MAX } from './justification.js';
import { decodeSeal } from './seal.js';
import { earliestTimestampMs } from './timing.js';

export interface ProposalContext {
  readonly chainId: Uint8Array;
  readonly parameters: Parameters;
  readonly epoch: EpochContext;
  readonly view: number;
  /** The newest finalized block and the view that counts as its own: 0 at the start of an epoch. */
  readonly root: {
    readonly id: Uint8Array;
    readonly header: Header;
    readonly view: number;
    readonly restarts: boolean;
  };
  readonly headerOf: (id: Uint8Array) => Header | undefined;
  /** Whether this node holds a nullification of the view. */
  readonly isNullified: (view: number) => boolean;
}

export type ProposalVerdict =
  | { readonly kind: 'valid' }
  /** `parent`: the header does not fit this one. */
  | { readonly kind: 'invalid'; readonly rule: string; readonly parent?: Header }
  | { readonly kind: 'parentUnknown'; readonly parentId: Uint8Array }
  | { readonly kind: 'nullificationUnknown'; readonly view: number };

const VALID: ProposalVerdict = { kind: 'valid' };

/** Certificates in the justification have been verified; the seal's leader and random proof are judged with the block. */
export function checkProposal(
  proposal: {
    readonly header: Header;
    readonly blockId: Uint8Array;
    readonly justification: Justification;
    readonly again: boolean;
  },
  context: ProposalContext,
): ProposalVerdict {
  const { header, justification, again } = proposal;
  const { epoch, view, parameters, chainId } = context;
  const seal = decodeSeal(header);
  if (!equalBytes(header.chainId, chainId)) return invalid('chain');
  if (seal.epoch !== epoch.epoch) return invalid('epoch of the seal');
  if (epochOfHeight(header.height, parameters.epochHeights) !== epoch.epoch) return invalid('epoch of the height');
  if (again) {
    if (seal.view >= view || !isBoundaryHeight(header.height, parameters.epochHeights))
      return invalid('proposed again');
    const verdict = againVerdict({ header, id: proposal.blockId }, justification, { epoch: epoch.epoch, view });
    return verdict.kind === 'valid' ? checkOlderNullifications(verdict.view, context) : verdict;
  }
  if (seal.view !== view) return invalid('view of the seal');
  const opensEpoch = context.root.view === 0 && equalBytes(header.parentId, context.root.id);
  const parentView = opensEpoch
    ? openingView(justification, header, context)
    : certifiedView(justification.parent, header.parentId, epoch.epoch);
  if (parentView === undefined) return invalid('certificate of the parent');
  if (!opensEpoch && justification.tail !== undefined) return invalid('tail');
  // Asked for only now: a parent that nobody has certified is not worth a question.
  const parent = context.headerOf(header.parentId);
  if (parent === undefined) return { kind: 'parentUnknown', parentId: header.parentId };
  if (header.height !== parent.height + 1) return { ...invalid('height'), parent };
  if (header.timestampMs < earliestTimestampMs(parent.timestampMs, parameters))
    return { ...invalid('timestamp'), parent };
  return checkNullifications(justification, parentView, context);
}

/** Whether the reason to propose a block again fits the block and the view: pure, so that a sender can be held to it. */
export function againVerdict(
  { header, id }: Pick<Block, 'header' | 'id'>,
  justification: Justification,
  { epoch, view }: { readonly epoch: number; readonly view: number },
): { readonly kind: 'valid'; readonly view: number } | { readonly kind: 'invalid'; readonly rule: string } {
  const certified = certifiedView(justification.parent, id, epoch);
  if (certified === undefined || certified < decodeSeal(header).view) return invalid('certificate of the block');
  return inlineVerdict(justification, certified, { epoch, view }) ?? { kind: 'valid', view: certified };
}

/** View in which a certificate of this epoch names the block. */
function certifiedView(certificate: Certificate | undefined, blockId: Uint8Array, epoch: number): number | undefined {
  if (certificate === undefined || certificate.epoch !== epoch) return undefined;
  const statement = statementOf(certificate);
  if (statement.kind !== 'notarize' && statement.kind !== 'finalize') return undefined;
  return equalBytes(statement.blockId, blockId) ? statement.view : undefined;
}

/** The first block of an epoch stands on the boundary block, which is final; genesis and recoveries need no certificate. */
function openingView(
  { parent, tail }: Justification,
  header: Header,
  { root, epoch }: ProposalContext,
): number | undefined {
  if (root.restarts) return parent === undefined && tail === undefined ? 0 : undefined;
  if (parent === undefined || parent.epoch !== epoch.epoch - 1) return undefined;
  const statement = statementOf(parent);
  if (statement.kind !== 'finalize' || !equalBytes(statement.blockId, header.parentId)) return undefined;
  const { view } = decodeSeal(root.header);
  if (tail === undefined) return statement.view === view ? 0 : undefined;
  if (tail.firstView !== view + 1) return undefined;
  let before = view;
  for (const certificate of tail.certificates) {
    const shown = statementOf(certificate);
    if (certificate.epoch !== parent.epoch || shown.view <= before || shown.view >= statement.view) return undefined;
    if (shown.kind === 'notarize' && !equalBytes(shown.blockId, root.id)) return undefined;
    before = shown.view;
  }
  return 0;
}

/** One nullification for each view between, the newest 64 inline, older ones held by this node. */
function checkNullifications(
  justification: Justification,
  parentView: number,
  context: ProposalContext,
): ProposalVerdict {
  const { view, epoch } = context;
  const broken = inlineVerdict(justification, parentView, { epoch: epoch.epoch, view });
  return broken ?? checkOlderNullifications(parentView, context);
}

function inlineVerdict(
  { nullifications }: Justification,
  parentView: number,
  { epoch, view }: { readonly epoch: number; readonly view: number },
): { readonly kind: 'invalid'; readonly rule: string } | undefined {
  if (parentView >= view) return invalid('order of views');
  const firstInline = firstInlineView(parentView, view);
  if (nullifications.length !== view - firstInline) return invalid('number of nullifications');
  for (const [index, certificate] of nullifications.entries()) {
    const { kind, view: nullified } = statementOf(certificate);
    if (kind !== 'nullify' || nullified !== firstInline + index || certificate.epoch !== epoch) {
      return invalid('nullifications');
    }
  }
  return undefined;
}

function checkOlderNullifications(parentView: number, { view, isNullified }: ProposalContext): ProposalVerdict {
  const firstInline = firstInlineView(parentView, view);
  for (let older = parentView + 1; older < firstInline; older++) {
    if (!isNullified(older)) return { kind: 'nullificationUnknown', view: older };
  }
  return VALID;
}

function firstInlineView(parentView: number, view: number): number {
  return Math.max(parentView + 1, view - NULLIFICATIONS_INLINE_MAX);
}

function invalid(rule: string): { readonly kind: 'invalid'; readonly rule: string } {
  return { kind: 'invalid', rule };
}
