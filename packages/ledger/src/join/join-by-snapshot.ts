/** A new node's way in: the state after a boundary that a checkpoint leads to, and the bodies just below. Spec: docs/spec/node-sync.md, section 4. */
import {
  type Boundary,
  chainIdOf,
  type Checkpoint,
  emptyState,
  encodeEpochProof,
  type Genesis,
  genesisBlock,
  overlayReader,
  proveEpoch,
} from '@radledger/chain';
import {
  type ConsensusModule,
  createChainRules,
  createFinalityVerifier,
  networkIdOf,
  type SignedRecovery,
} from '@radledger/consensus';
import type { PeerId } from '@radledger/network';
import { equalBytes, toHex } from '@radledger/primitives';
import { type ImportedBoundary, type LedgerStore, type StateImport, StorageError } from '@radledger/storage';
import { LedgerError } from '../errors.js';
import { type LedgerLogger, silentLogger } from '../logger.js';
import type { NetworkFactory } from '../options.js';
import { REPLAY_WINDOW_HEIGHTS } from '../replay-window.js';
import { decodeOffers, encodeSnapshotRequest } from '../snapshot-messages.js';
import { FRAME_ENVELOPE_BYTES, largestMessageBytes, TOPICS, topicsOf } from '../topics.js';
import { type Asking, createAsking } from './asking.js';
import { type BoundaryWalk, createBoundaryWalk, type WalkedBoundary } from './boundary-walk.js';
import { decodeProgress, downloadState } from './state-download.js';
import { downloadWindow } from './window-download.js';

export interface JoinOptions {
  readonly genesis: Genesis;
  /** Without a block; left open. */
  readonly store: LedgerStore;
  readonly consensus: ConsensusModule;
  /** Made for the join, and closed after it. */
  readonly network: NetworkFactory;
  /** A boundary, or genesis, from somebody the operator trusts. */
  readonly checkpoint: Checkpoint;
  /** Recoveries that the operator wants this node to follow. */
  readonly recoveries?: readonly SignedRecovery[];
  /** Default 28 days. */
  readonly checkpointAgeMaxMs?: number;
  readonly now?: () => number;
  readonly logger?: LedgerLogger;
  readonly signal?: AbortSignal;
}

export interface Joined {
  /** Of the boundary block whose state it is. */
  readonly height: number;
  /** Cells and bytes that this call received; an earlier one that was interrupted had the rest. */
  readonly cellsReceived: number;
  readonly bytesReceived: number;
}

/**
 * Fills an empty store from peers, none of which is believed; goes on where an earlier call was interrupted. `openLedger` takes over.
 * @throws {ChainError} `CHECKPOINT_TOO_OLD`
 * @throws {StorageError} `STATE_ROOT_MISMATCH`: the disk lost what was fetched, and a new call fetches it again
 * @throws {LedgerError} `GENESIS_MISMATCH`; the signal's reason; what `options.network` throws
 */
export async function joinBySnapshot(options: JoinOptions): Promise<Joined> {
  const { genesis, store, consensus: module, checkpoint, logger = silentLogger, now = Date.now } = options;
  const { recoveries = [] } = options;
  const { parameters } = genesis;
  const chainId = chainIdOf(genesis);
  if (!equalBytes(store.chainId, chainId)) {
    throw new LedgerError({ code: 'GENESIS_MISMATCH' }, 'this store belongs to another genesis');
  }
  const answerBytesMax = largestMessageBytes(parameters);
  const signal = options.signal ?? new AbortController().signal;
  let known = new Set(genesis.sources.map(({ nodeKey }) => toHex(nodeKey)));
  const network = await options.network({
    chainId: networkIdOf(chainId, recoveries),
    topics: topicsOf(parameters),
    isKnownKey: (nodeKey) => known.has(toHex(nodeKey)),
    limits: { frameBytesMax: answerBytesMax + FRAME_ENVELOPE_BYTES },
  });
  try {
    const asking = createAsking({ network, answerBytesMax, signal, logger });
    const rules = {
      chainId,
      epochHeights: parameters.epochHeights,
      verifyFinality: createFinalityVerifier(module, parameters, { recoveries, genesis }),
    };
    const walk = createBoundaryWalk({
      checkpoint,
      rules,
      asking,
      answerBytesMax,
      now,
      ...(options.checkpointAgeMaxMs !== undefined && { checkpointAgeMaxMs: options.checkpointAgeMaxMs }),
    });
    const importing = await store.importState();
    let cellsReceived = 0;
    /** Heights of which the peers that offer them gave nothing when they were last asked, the longest ago first. */
    const unserved = new Set<number>();
    for (;;) {
      await walk.advance();
      known = new Set(walk.walked.at(-1)?.boundary.epoch.members.map(({ nodeKey }) => toHex(nodeKey)) ?? known);
      const offer = await bestOffer({ walk, asking, importing, unserved: [...unserved] });
      const height = offer?.target.boundary.header.height ?? 0;
      const cellsBefore = cellsReceived;
      if (offer && (await fetchAll(offer))) {
        logger.info({ height, bytes: asking.bytesReceived }, 'the state was fetched and is whole');
        return { height, cellsReceived, bytesReceived: asking.bytesReceived };
      }
      unserved.delete(height);
      if (offer && cellsReceived === cellsBefore) unserved.add(height);
      await asking.pause();
    }

    async function fetchAll({ target, providers }: Offer): Promise<boolean> {
      const { id, header } = target.boundary;
      const { height, stateRoot } = header;
      if (importing.progress && !equalBytes(decodeProgress(importing.progress).id, id)) await importing.discard();
      logger.info({ height, peers: providers.length }, 'fetching the state');
      const state = { height, id, stateRoot };
      const received = (cells: number): void => {
        cellsReceived += cells;
      };
      if (!(await downloadState({ target: state, importing, asking, answerBytesMax, providers, received })))
        return false;
      // The replay window is the 512 bodies before the next block.
      const lowestHeight = Math.max(1, height - REPLAY_WINDOW_HEIGHTS + 1);
      const own = { lowestHeight, chainId, parameters, module, recoveries, importing, asking };
      const window = { boundary: { height, id }, ...own };
      if (!(await downloadWindow({ ...window, answerBytesMax }))) return false;
      await finish(importing, target.boundary, walk);
      return true;
    }
  } finally {
    await network.close();
  }

  async function finish(importing: StateImport, { id, header }: Boundary, walk: BoundaryWalk): Promise<void> {
    const { height } = header;
    const first = await genesisBlock(genesis, createChainRules(module));
    const nothing = { finalityProof: new Uint8Array(), dutyEvents: [], transactionIds: [] };
    const epochProof = await proveEpoch(overlayReader(emptyState, [first.writeSet]), 0);
    await importing.writeBlocks(
      [{ block: first.block, ...nothing, epochProof }],
      importing.progress ?? new Uint8Array(0),
    );
    const boundaries = walk.walked.filter(
      ({ boundary }) => boundary.header.height > 0 && boundary.header.height <= height,
    );
    const lowestHeight = height < REPLAY_WINDOW_HEIGHTS ? 0 : height - REPLAY_WINDOW_HEIGHTS + 1;
    try {
      await importing.finish({ tip: { height, id, header }, lowestHeight, boundaries: boundaries.map(stored) });
    } catch (error) {
      // Every part was proven, so what is on this disk is not what was written: the next join begins anew.
      if (error instanceof StorageError && error.info.code === 'STATE_ROOT_MISMATCH') await importing.discard();
      throw error;
    }
  }
}

interface Offer {
  readonly target: WalkedBoundary;
  readonly providers: readonly PeerId[];
}

/** The state begun earlier, else the newest, of those that a peer offers and the walk has proven; one that nobody serves comes last. */
async function bestOffer({
  walk,
  asking,
  importing,
  unserved,
}: {
  readonly walk: BoundaryWalk;
  readonly asking: Asking;
  readonly importing: StateImport;
  readonly unserved: readonly number[];
}): Promise<Offer | undefined> {
  const offered = new Map<number, PeerId[]>();
  await Promise.all(
    asking.peers().map(async (peer) => {
      const heights = await asking.ask(peer, TOPICS.snapshot, encodeSnapshotRequest({ part: undefined }), decodeOffers);
      for (const height of new Set(heights)) {
        const providers = offered.get(height);
        if (providers) providers.push(peer);
        else offered.set(height, [peer]);
      }
    }),
  );
  const begun = importing.progress && decodeProgress(importing.progress).height;
  const rank = (height: number): number =>
    unserved.includes(height) ? -1 - unserved.indexOf(height) : height === begun ? Infinity : height;
  const heights = [...offered.keys()].sort((a, b) => rank(b) - rank(a));
  for (const height of heights) {
    const target = walk.at(height);
    if (target) return { target, providers: offered.get(height) ?? [] };
  }
  return undefined;
}

function stored({ boundary: { id, header }, record }: WalkedBoundary): ImportedBoundary {
  return { id, header, finalityProof: record.finality, epochProof: encodeEpochProof(record) };
}
