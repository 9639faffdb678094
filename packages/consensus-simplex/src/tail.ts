/** The views after a boundary block's own, until it was final. Spec: docs/spec/simplex.md, section 5. */
import type { Block, Header } from '@radledger/chain';
import { equalBytes } from '@radledger/primitives';
import { type Certificate, statementOf } from './certificate.js';
import { NULLIFICATIONS_INLINE_MAX, type Tail } from './justification.js';
import { decodeSeal } from './seal.js';
import type { ViewState } from './view-state.js';

/** Certificates of the views between, as far as this node holds them: who gave them up, or notarized the boundary block again. */
export function collectTail(
  boundary: Pick<Block, 'header' | 'id'>,
  finalView: number,
  views: ReadonlyMap<number, ViewState>,
): Tail {
  const firstView = decodeSeal(boundary.header).view + 1;
  const certificates: Certificate[] = [];
  for (let view = firstView; view < finalView && certificates.length < NULLIFICATIONS_INLINE_MAX; view++) {
    const shown = views.get(view)?.certificates;
    const notarization = shown?.get('notarize');
    const again = notarization && isOf(boundary.id, notarization) ? notarization : undefined;
    const certificate = shown?.get('nullify') ?? again;
    if (certificate !== undefined) certificates.push(certificate);
  }
  return { firstView, certificates };
}

/** What the first block of an epoch says of them; undefined when the boundary block was final in its own view. */
export function tailFor(boundary: Header, parent: Certificate | undefined, held: Tail | undefined): Tail | undefined {
  const { view } = decodeSeal(boundary);
  if (parent === undefined || statementOf(parent).view === view) return undefined;
  const last = statementOf(parent).view;
  const certificates = (held?.firstView === view + 1 ? held.certificates : []).filter(
    (certificate) => statementOf(certificate).view < last,
  );
  return { firstView: view + 1, certificates: certificates.slice(0, NULLIFICATIONS_INLINE_MAX) };
}

function isOf(blockId: Uint8Array, certificate: Certificate): boolean {
  const statement = statementOf(certificate);
  return statement.kind === 'notarize' && equalBytes(statement.blockId, blockId);
}
