/** Where this node stands: the finalized tip, the blocks kept above it, and the tip that consensus adopted. */
import { blockIdOf } from '@radledger/chain';
import { equalBytes } from '@radledger/primitives';
import type { LedgerStore, StoredTip } from '@radledger/storage';
import { type BlockTree, type BlockTreeLimits, type ChainView, createBlockTree, type Overlay } from './block-tree.js';
import { LedgerError } from './errors.js';

const HEADER_BATCH = 1_000;

export interface ChainHead {
  readonly tree: BlockTree;
  readonly finalized: StoredTip;
  finalizedView(): ChainView;
  /** What new transactions are judged on: the adopted tip while it stands on the finalized one, else the finalized one. */
  tip(): ChainView;
  /** @returns blocks of the tip before that the new one does not stand on, ascending */
  adopt(blockId: Uint8Array): readonly Overlay[];
  /** Call after each commit. */
  advanced(): void;
}

/** @param windowHeights - how many ancestors a transaction may refer to: the parameter `expiryHeightsMax` */
export async function openChainHead(
  store: LedgerStore,
  windowHeights: number,
  limits?: BlockTreeLimits,
): Promise<ChainHead> {
  const ids = new Map<number, Uint8Array>();
  const start = finalizedTip(store);
  for (let from = Math.max(0, start.height - windowHeights + 1); from <= start.height; ) {
    const headers = await store.headers({ from, limit: HEADER_BATCH });
    if (headers.length === 0) break;
    for (const header of headers) ids.set(header.height, blockIdOf(header));
    from += headers.length;
  }
  const tree = createBlockTree(store, (height) => ids.get(height), windowHeights, limits);
  let adopted = start.id;
  let tip: ChainView | undefined;
  let finalized: ChainView | undefined;

  function viewOf(id: Uint8Array): ChainView {
    const view = tree.viewAt(id);
    if (!view) throw new LedgerError({ code: 'STORE_FAILED' }, 'the finalized tip has no view');
    return view;
  }
  function finalizedView(): ChainView {
    finalized ??= viewOf(finalizedTip(store).id);
    return finalized;
  }
  return {
    tree,
    get finalized() {
      return finalizedTip(store);
    },
    finalizedView,
    tip() {
      tip ??= tree.viewAt(adopted) ?? finalizedView();
      return tip;
    },
    adopt(blockId) {
      if (equalBytes(adopted, blockId)) return [];
      const abandoned = tree.abandoned(adopted, blockId);
      adopted = blockId;
      tree.adopt(blockId);
      tip = undefined;
      return abandoned;
    },
    advanced() {
      const { height, id } = finalizedTip(store);
      ids.set(height, id);
      ids.delete(height - windowHeights);
      tree.prune();
      tip = undefined;
      finalized = undefined;
    },
  };
}

function finalizedTip(store: LedgerStore): StoredTip {
  const { tip } = store;
  if (!tip) throw new LedgerError({ code: 'STORE_FAILED' }, 'the store has no genesis block');
  return tip;
}
