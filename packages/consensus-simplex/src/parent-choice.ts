/** What a leader builds on (R1), and by what right. Spec: docs/spec/simplex.md, sections 5 and 9. */
import type { Block, Header } from '@radledger/chain';
import type { BlockTree } from './block-tree.js';
import type { Certificate } from './certificate.js';
import { type Justification, NULLIFICATIONS_INLINE_MAX, type Tail } from './justification.js';
import { tailFor } from './tail.js';
import type { ViewState } from './view-state.js';

/** The newest finalized block. */
export interface Root {
  readonly header: Header;
  readonly id: Uint8Array;
  /** View that counts as the root's: 0 at the start of an epoch. */
  readonly view: number;
  /** Finalization of the root itself, for justifications; unknown when only a descendant's is. */
  readonly certificate: Certificate | undefined;
  /** Nothing certifies what stands below: genesis, or the block of a recovery. */
  readonly restarts: boolean;
}

export interface ParentChoice {
  readonly kind: 'chosen';
  readonly header: Header;
  /** Undefined for the root. */
  readonly block: Block | undefined;
  readonly justification: Justification;
}

/** The highest certified block that is executed, with a nullification for every view since. */
export function chooseParent(
  view: number,
  held: {
    readonly root: Root;
    readonly boundaryCertificate: Certificate | undefined;
    readonly tail: Tail | undefined;
    readonly views: ReadonlyMap<number, ViewState>;
    readonly tree: BlockTree;
  },
): ParentChoice | { readonly kind: 'missing'; readonly missingView: number | undefined } {
  const { root } = held;
  const nullifications: Certificate[] = [];
  for (let older = view - 1; older > root.view; older--) {
    const state = held.views.get(older);
    const certified = state?.certified();
    const candidate = certified === undefined ? undefined : held.tree.get(certified.blockId);
    if (state !== undefined && certified !== undefined && candidate?.state === 'valid') {
      const parent = state.complete(certified.certificate);
      const justification = { parent, nullifications: newest(nullifications), tail: undefined };
      return { kind: 'chosen', header: candidate.block.header, block: candidate.block, justification };
    }
    const nullification = state?.certificates.get('nullify');
    if (nullification === undefined) {
      return { kind: 'missing', missingView: certified === undefined ? older : undefined };
    }
    nullifications.unshift(nullification);
  }
  // At the start of an epoch the boundary's certificate is of the epoch before; genesis has none.
  const parent = root.view === 0 ? held.boundaryCertificate : root.certificate;
  if (parent === undefined && !root.restarts) return { kind: 'missing', missingView: undefined };
  const tail = root.view === 0 && !root.restarts ? tailFor(root.header, parent, held.tail) : undefined;
  const justification = { parent, nullifications: newest(nullifications), tail };
  return { kind: 'chosen', header: root.header, block: undefined, justification };
}

function newest(nullifications: readonly Certificate[]): readonly Certificate[] {
  return nullifications.slice(-NULLIFICATIONS_INLINE_MAX);
}
