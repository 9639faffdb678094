/** Effects of blocks that are built or verified but not finalized, by block id (design D8). */
import {
  type Block,
  type DutyEvent,
  type Header,
  overlayReader,
  type RecentBlocks,
  type StateReader,
  type WriteSet,
} from '@radledger/chain';
import { toHex } from '@radledger/primitives';
import type { LedgerStore } from '@radledger/storage';

export interface Overlay {
  readonly id: string;
  readonly block: Block;
  readonly writeSet: WriteSet;
  /** What it shows of leaders. */
  readonly duties: readonly DutyEvent[];
  /** In block order. */
  readonly transactionIds: readonly Uint8Array[];
  /** The records that its transactions change, as the mempool names them. */
  readonly cells: ReadonlySet<string>;
}

/** A place in the chain that a block can be built or judged on. */
export interface ChainView {
  readonly header: Header;
  readonly id: Uint8Array;
  /** State after `header`. */
  readonly state: StateReader;
  readonly recent: RecentBlocks;
  /** Whether an unfinalized block up to and with `header` holds this transaction (hex id). */
  isUnfinalizedTransaction(id: string): boolean;
}

export interface BlockTreeLimits {
  /** Overlays; of a branch that is needed none goes. */
  readonly countMax: number;
  /** Bodies of their blocks together. */
  readonly bytesMax: number;
}

/** Heights of one branch are few; views that came to nothing leave siblings behind until the next finalized block. */
const LIMITS: BlockTreeLimits = { countMax: 128, bytesMax: 256 * 1024 * 1024 };
/** Where a chain may fork, branches wait for finality side by side. */
const FORKING_LIMITS: BlockTreeLimits = { ...LIMITS, countMax: 1_024 };

export function blockTreeLimits({ reorganises }: { readonly reorganises: boolean }): BlockTreeLimits {
  return reorganises ? FORKING_LIMITS : LIMITS;
}

export interface BlockTree {
  get(id: Uint8Array): Overlay | undefined;
  add(overlay: Overlay): void;
  /** The view after a finalized tip or a kept block; undefined when the block or an ancestor of it is not known. */
  viewAt(id: Uint8Array): ChainView | undefined;
  /** The branch up to this block is kept while others make room. */
  adopt(id: Uint8Array): void;
  /** Blocks up to and with `from` that are not among those up to and with `to`, ascending: what a re-org gives up. */
  abandoned(from: Uint8Array, to: Uint8Array): readonly Overlay[];
  /** Forgets what can no longer be finalized, now that the store's tip has moved. */
  prune(): void;
  readonly size: number;
}

/** @param finalizedIdAt - id of a finalized block among the newest `windowHeights` */
export function createBlockTree(
  store: LedgerStore,
  finalizedIdAt: (height: number) => Uint8Array | undefined,
  windowHeights: number,
  limits: BlockTreeLimits = LIMITS,
): BlockTree {
  const overlays = new Map<string, Overlay>();
  let bytes = 0;
  let adopted: string | undefined;

  function forget(id: string): void {
    bytes -= overlays.get(id)?.block.header.bodyBytes ?? 0;
    overlays.delete(id);
  }

  /** Overlays from the finalized tip's child to the block, or undefined when they do not connect. */
  function branchTo(id: string): Overlay[] | undefined {
    const tip = store.tip;
    if (!tip) return undefined;
    const finalizedId = toHex(tip.id);
    const branch: Overlay[] = [];
    for (let at = id; at !== finalizedId; ) {
      const overlay = overlays.get(at);
      if (!overlay || overlay.block.header.height <= tip.height) return undefined;
      branch.push(overlay);
      at = toHex(overlay.block.header.parentId);
    }
    return branch.reverse();
  }

  return {
    get size() {
      return overlays.size;
    },
    get: (id) => overlays.get(toHex(id)),
    add(overlay) {
      forget(overlay.id);
      overlays.set(overlay.id, overlay);
      bytes += overlay.block.header.bodyBytes;
      if (overlays.size <= limits.countMax && bytes <= limits.bytesMax) return;
      const branches = [branchTo(overlay.id), adopted === undefined ? undefined : branchTo(adopted)];
      const needed = new Set(branches.flatMap((branch) => branch?.map(({ id }) => id) ?? []));
      for (const id of [...overlays.keys()].filter((other) => !needed.has(other))) {
        if (overlays.size <= limits.countMax && bytes <= limits.bytesMax) return;
        forget(id);
      }
    },
    viewAt(id) {
      const branch = branchTo(toHex(id));
      const tip = store.tip;
      if (!branch || !tip) return undefined;
      const unfinalized = new Set(branch.flatMap(({ transactionIds }) => transactionIds.map(toHex)));
      const header = branch.at(-1)?.block.header ?? tip.header;
      return {
        header,
        id,
        state:
          branch.length === 0
            ? store
            : overlayReader(
                store,
                branch.map(({ writeSet }) => writeSet),
              ),
        recent: {
          isRecentTransaction: (txId) =>
            unfinalized.has(toHex(txId)) || store.isRecentTransaction(txId, header.height + 1),
          blockIdAt(height) {
            if (height > header.height || height <= header.height - windowHeights) return undefined;
            const above = height - tip.height;
            return above > 0 ? branch[above - 1]?.block.id : finalizedIdAt(height);
          },
        },
        isUnfinalizedTransaction: (hexId) => unfinalized.has(hexId),
      };
    },
    adopt(id) {
      adopted = toHex(id);
    },
    abandoned(from, to) {
      const kept = new Set(branchTo(toHex(to))?.map(({ id }) => id));
      return (branchTo(toHex(from)) ?? []).filter(({ id }) => !kept.has(id));
    },
    prune() {
      const { tip } = store;
      if (!tip) return;
      const connected = new Set([toHex(tip.id)]);
      const heightOf = ({ block }: Overlay): number => block.header.height;
      for (const overlay of [...overlays.values()].sort((a, b) => heightOf(a) - heightOf(b))) {
        const above = heightOf(overlay) > tip.height && connected.has(toHex(overlay.block.header.parentId));
        if (above) connected.add(overlay.id);
        else forget(overlay.id);
      }
    },
  };
}
