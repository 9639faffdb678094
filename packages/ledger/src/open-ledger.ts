/** The importable node: mempool, chain, consensus, network and storage as one. */
import { type Block, blockIdOf, type Checkpoint, chainIdOf, epochOfHeight, isBoundaryHeight } from '@radledger/chain';
import { decodeDutyEvent, networkIdOf } from '@radledger/consensus';
import { equalBytes, toHex } from '@radledger/primitives';
import type { LedgerStore } from '@radledger/storage';
import { AnswerQuota } from './answer-quota.js';
import { storedBoundaries } from './boundaries.js';
import { type ConsensusDriver, createConsensusDriver } from './consensus-driver.js';
import type { HeaderEntry, Ledger, LedgerStatus } from './contract.js';
import { LedgerError } from './errors.js';
import { openExecution } from './execution/open-execution.js';
import { createEventHub } from './event-hub.js';
import { createHaltWatch, type HaltWatch } from './halt-watch.js';
import { createGossip, type Gossip } from './gossip.js';
import { identityKeysOf } from './identity-keys.js';
import { silentLogger } from './logger.js';
import { createMisconductReports, type MisconductReports } from './misconduct-reports.js';
import { misconductRecord } from './mempool.js';
import type { Keeping, LedgerOptions } from './options.js';
import { createProofAge } from './proof-age.js';
import { REPLAY_WINDOW_HEIGHTS } from './replay-window.js';
import { createSnapshots, type Snapshots } from './snapshots.js';
import { createSync, type Sync } from './sync.js';
import { FRAME_ENVELOPE_BYTES, largestMessageBytes, topicsOf } from './topics.js';

/** Largest answer to a reader who follows the voters. */
const BOUNDARIES_ANSWER_BYTES_MAX = 2 * 1024 * 1024;

/** A voter says that the chain stands still after so long without a final block, or after 5 T when that is more. */
const HALT_AFTER_MS = 30_000;

/** How often a node forgets what it does not keep. */
const PRUNING_HEIGHTS = 64;

/** History given to one peer. */
const ANSWER_BYTES_PER_SECOND = 8 * 1024 * 1024;
const ANSWER_BYTES_BURST = 64 * 1024 * 1024;
const ANSWER_WAIT_MAX_MS = 5_000;

/**
 * Opens a node on a store and starts it: it connects, catches up, votes when its identity may, and answers.
 * @throws {LedgerError} `GENESIS_MISMATCH` | `MODULE_MISMATCH` | `PARAMETER_UNSUPPORTED` | `CHECKPOINT_DIFFERS` | `RECOVERY_REFUSED` before anything is started; what `options.network` throws; {ConsensusError} `PARAMETERS_UNSUITABLE`
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { genesis, store, consensus: module, identity, now = Date.now, logger = silentLogger } = options;
  const { parameters } = genesis;
  const chainId = chainIdOf(genesis);
  if (!equalBytes(store.chainId, chainId)) {
    throw new LedgerError({ code: 'GENESIS_MISMATCH' }, 'this store belongs to another genesis');
  }
  if (module.id !== genesis.moduleId) {
    throw new LedgerError(
      { code: 'MODULE_MISMATCH', module: module.id, genesisModule: genesis.moduleId },
      `genesis demands the consensus module ${genesis.moduleId}, not ${module.id}`,
    );
  }
  if (parameters.expiryHeightsMax > REPLAY_WINDOW_HEIGHTS) {
    throw new LedgerError(
      { code: 'PARAMETER_UNSUPPORTED', parameter: 'expiryHeightsMax' },
      `this node remembers transactions for ${REPLAY_WINDOW_HEIGHTS} heights: genesis may not demand more`,
    );
  }
  module.checkParameters(parameters);
  const events = createEventHub((error) => logger.error({ err: error }, 'an event listener failed'));
  const { epochHeights } = parameters;
  const execution = await openExecution({
    genesis,
    store,
    module,
    ...(options.recoveries && { recoveries: options.recoveries }),
    ...(options.mempoolLimits && { mempoolLimits: options.mempoolLimits }),
    verifyingMax: options.verifyingMax ?? 2_048,
    now,
    events,
    logger,
    changed: tellPending,
    failed,
    async advanced() {
      const { height, id } = head.finalized;
      if (isBoundaryHeight(height, epochHeights)) newestBoundary = { height, id };
      await parts.snapshots?.advanced();
      if (options.keep && height % PRUNING_HEIGHTS === 0) prune(options.keep, height);
    },
    committed({ block: { header, id }, transactionIds }) {
      const { height, timestampMs, stateRoot } = header;
      logger.debug({ height, transactions: transactionIds.length }, 'finalized');
      events.emit({ type: 'finalized', height, id, timestampMs, stateRoot });
      parts.halt?.advanced();
      parts.sync?.announce();
      parts.gossip?.finalized(header.height);
      parts.reports?.finalized();
    },
  });
  const { head, epochs, mempool, admission, executor, recoveries } = execution;
  const proofAge = createProofAge(now, head.finalized.header.timestampMs);
  if (options.checkpoint) await validateCheckpoint(store, options.checkpoint);
  let newestBoundary = await boundaryBelow(store, parameters.epochHeights);
  let stopping: 'STORE_FAILED' | 'STOPPING' | undefined;
  let failure: unknown;
  let closed: Promise<void> | undefined;

  function refuseWhenStopped(): void {
    if (stopping === 'STORE_FAILED') {
      throw new LedgerError({ code: 'STORE_FAILED' }, 'this node stopped after a failed write', { cause: failure });
    }
    if (stopping) throw new LedgerError({ code: 'CLOSED' }, 'this ledger is closed');
  }

  // Parts that earlier parts call: set before the first message can arrive.
  const parts: {
    driver?: ConsensusDriver;
    sync?: Sync;
    gossip?: Gossip;
    halt?: HaltWatch;
    snapshots?: Snapshots;
    reports?: MisconductReports;
  } = {};
  let toldWaiting = false;

  /** Tells consensus whether a block is worth making now. */
  function tellPending(): void {
    const waiting = execution.hasWaiting();
    if (waiting === toldWaiting) return;
    toldWaiting = waiting;
    parts.driver?.pendingTransactions(waiting);
  }

  function failed(error: unknown): void {
    if (stopping) return;
    stopping = 'STORE_FAILED';
    failure = error;
    parts.driver?.stop();
    logger.error({ err: error }, 'this node failed and stopped voting: restart it when the cause is gone');
    events.emit({ type: 'failed', error: error instanceof Error ? error : new Error(String(error)) });
  }

  /** Forgets what this node does not keep, beside what it goes on with. */
  function prune({ bodiesHeights, proofsHeights }: Keeping, height: number): void {
    const bodiesBelow = height - bodiesHeights + 1;
    const proofsBelow = height - proofsHeights + 1;
    store.prune({ bodiesBelow, proofsBelow, proofsEvery: parameters.epochHeights }).catch((error: unknown) => {
      if (!stopping) failed(error);
    });
  }

  const start = await execution.finalizedState();

  const network = await options.network({
    chainId: networkIdOf(chainId, recoveries.all),
    topics: topicsOf(parameters),
    isKnownKey: (nodeKey) => epochs.isMember(nodeKey),
    limits: { frameBytesMax: largestMessageBytes(parameters) + FRAME_ENVELOPE_BYTES },
  });
  const quota = new AnswerQuota({
    bytesPerSecond: ANSWER_BYTES_PER_SECOND,
    burstBytes: ANSWER_BYTES_BURST,
    waitMaxMs: ANSWER_WAIT_MAX_MS,
  });
  const snapshots = createSnapshots({
    store,
    network,
    epochHeights: parameters.epochHeights,
    quota,
    answerBytesMax: largestMessageBytes(parameters),
  });
  parts.snapshots = snapshots;
  await snapshots.advanced();
  const gossip = createGossip({ network, admission, mempool, height: () => head.finalized.height, failed });
  parts.gossip = gossip;
  const halt = createHaltWatch({
    chainId,
    identity,
    network,
    tip: () => head.finalized,
    epoch() {
      const height = head.finalized.height + 1;
      return epochs.known(epochOfHeight(height, epochHeights), height);
    },
    now,
    haltAfterMs: options.haltAfterMs ?? Math.max(HALT_AFTER_MS, 5 * parameters.targetIntervalMs),
    logger,
  });
  parts.halt = halt;
  async function admitAndSend(bytes: Uint8Array, sender?: string): Promise<Uint8Array> {
    const { signed, added } = await admission.admit(bytes, { waits: false, ...(sender !== undefined && { sender }) });
    if (added) gossip.send(signed.bytes);
    return signed.txId;
  }
  const reports = createMisconductReports({
    chainId,
    parameters,
    policies: genesis.policies,
    registry: module.evidence,
    epochs,
    signer: identity?.nodeSigner,
    cells: (names) => store.getMany(names),
    finalizedHeight: () => head.finalized.height,
    isPending: (source, epoch) => [...mempool.on(misconductRecord(source, epoch))].length > 0,
    submit: (bytes) => admitAndSend(bytes),
    logger,
    failed,
  });
  parts.reports = reports;
  const consensus = createConsensusDriver({
    chainId,
    parameters,
    module,
    identity: identity && identityKeysOf(identity),
    network,
    executor,
    head,
    epochs,
    recoveries,
    now,
    logger,
    finalized: ({ header }: Block) => proofAge.received(header.timestampMs),
    adopted(abandoned) {
      for (const { body } of abandoned) admission.again(body.transactions);
      tellPending();
    },
    behind: (peer, height) => parts.sync?.behind(peer, height),
    proven: (evidence) => reports.found(evidence),
    failed,
  });
  parts.driver = consensus;
  const catchUp = createSync({
    chainId,
    store,
    network,
    module,
    epochs,
    parameters,
    answerBytesMax: largestMessageBytes(parameters),
    quota,
    ...(options.checkpoint && { checkpoint: options.checkpoint }),
    executor,
    logger,
    announced: (peer, height) => gossip.announced(peer, height),
    async advanced() {
      proofAge.received(head.finalized.header.timestampMs);
      consensus.synced(await execution.finalizedState());
    },
    failed,
  });
  parts.sync = catchUp;
  network.on('peer', ({ peerId }) => {
    logger.info({ peer: peerId }, 'peer connected');
    catchUp.peer(peerId);
    halt.peer(peerId);
    consensus.peer(peerId);
  });
  network.on('gone', ({ peerId }, code) => {
    logger.info({ peer: peerId, code }, 'peer gone');
    catchUp.gone(peerId);
    gossip.gone(peerId);
    consensus.gone(peerId);
  });
  let isForeignTold = false;
  network.on('report', (report) => {
    logger.debug(report, 'network report');
    if (report.code !== 'FOREIGN_CHAIN' || isForeignTold) return;
    isForeignTold = true;
    logger.warn(report, 'a peer is on another chain, or follows other recoveries than this node');
  });
  consensus.start(start);
  for (const { peerId } of network.peers()) {
    catchUp.peer(peerId);
    consensus.peer(peerId);
  }

  async function entryAt(header: Block['header'], id: Uint8Array): Promise<HeaderEntry> {
    const { height } = header;
    const [finality, transactionIds] = await Promise.all([store.finalityProof(height), store.transactionIds(height)]);
    return { id, header, finality: height === 0 ? undefined : finality, transactionIds: transactionIds ?? [] };
  }

  /** Of the keys that this node holds, those that the open epoch names; before and without it the first. */
  function keysInUse(): Pick<LedgerStatus, 'nodeKey' | 'vrfKey'> {
    const height = head.finalized.height + 1;
    const epoch = epochs.known(epochOfHeight(height, epochHeights), height);
    const named = epoch?.leaders.find(({ source }) => identity && equalBytes(source, identity.source));
    const inUse = (first?: Uint8Array, next?: Uint8Array, key?: Uint8Array): Uint8Array | undefined =>
      next && key && equalBytes(next, key) ? next : first;
    return {
      nodeKey: inUse(identity?.nodeSigner.publicKey, identity?.next?.node?.signer.publicKey, named?.nodeKey),
      vrfKey: inUse(identity?.vrf.publicKey, identity?.next?.vrf?.publicKey, named?.vrfKey),
    };
  }

  return {
    chainId,
    genesis,
    recoveries: recoveries.all,
    status(): LedgerStatus {
      const { height, id, header } = head.finalized;
      const { voting, figures } = consensus.status();
      return {
        chainId,
        name: genesis.name,
        module: module.id,
        finalized: {
          height,
          id,
          timestampMs: header.timestampMs,
          stateRoot: header.stateRoot,
          proofAgeMs: proofAge.ageMs(),
        },
        checkpoint: newestBoundary,
        lowestHeight: store.lowestHeight,
        peers: network.peers().length,
        pendingTransactions: mempool.size + admission.waiting().length,
        ...keysInUse(),
        voting: stopping ? { allowed: false, reason: stopping } : voting,
        halted: halt.halted(),
        ...(figures && { figures }),
        nowMs: now(),
      };
    },
    async submit(bytes) {
      refuseWhenStopped();
      return admitAndSend(bytes, 'api');
    },
    async transactionStatus(txId) {
      const height = await store.transactionHeight(txId);
      if (height !== undefined) return { status: 'finalized', height };
      const id = toHex(txId);
      if (mempool.has(id) || admission.isWaiting(id) || head.tip().isUnfinalizedTransaction(id))
        return { status: 'seen' };
      const refusal = admission.refusalOf(id);
      return refusal ? { status: 'refused', ...refusal } : { status: 'unknown' };
    },
    pending: () => [...mempool.all().map(({ signed }) => signed), ...admission.waiting()],
    async read(reader) {
      refuseWhenStopped();
      const snapshot = await store.snapshot();
      try {
        const tip = snapshot.tip ?? head.finalized;
        const finality = tip.height === 0 ? undefined : await store.finalityProof(tip.height);
        return await reader({ ...tip, state: snapshot, finality });
      } finally {
        await snapshot.close();
      }
    },
    async headers({ from, limit }) {
      const headers = await store.headers({ from, limit });
      return Promise.all(headers.map((header) => entryAt(header, blockIdOf(header))));
    },
    async block(height) {
      const block = await store.block(height);
      return block && { ...(await entryAt(block.header, block.id)), block };
    },
    boundaries: ({ fromEpoch, limit }) =>
      storedBoundaries(store, {
        fromEpoch,
        limit,
        epochHeights: parameters.epochHeights,
        bytesMax: BOUNDARIES_ANSWER_BYTES_MAX,
      }),
    changedPlaces: (range) => store.changedPlaces(range),
    async duties(range) {
      const stored = await store.duties(range);
      return stored.flatMap(({ dutyEvents }) => dutyEvents.map(decodeDutyEvent));
    },
    subscribe: (listener) => events.subscribe(listener),
    close() {
      closed ??= (async () => {
        stopping ??= 'STOPPING';
        consensus.stop();
        halt.close();
        events.emit({ type: 'closed' });
        await catchUp.close();
        await network.close();
        await executor.idle();
        await reports.settled();
        await admission.settled();
        await snapshots.close();
        await identity?.signLog.close();
        await identity?.next?.node?.signLog.close();
        await store.close();
      })();
      return closed;
    },
  };
}

/** @throws {LedgerError} `CHECKPOINT_DIFFERS` when the store has another block at that height */
async function validateCheckpoint(store: LedgerStore, { height, id }: Checkpoint): Promise<void> {
  const header = await store.header(height);
  if (!header || equalBytes(blockIdOf(header), id)) return;
  throw new LedgerError(
    { code: 'CHECKPOINT_DIFFERS', height },
    'this store holds another chain than the one that the checkpoint is of: find out which of the two is true',
  );
}

async function boundaryBelow(store: LedgerStore, epochHeights: number): Promise<Checkpoint> {
  const newest = store.tip?.height ?? 0;
  const height = newest - (newest % epochHeights);
  const header = await store.header(height);
  if (!header) throw new LedgerError({ code: 'STORE_FAILED' }, 'the store has no end of an epoch');
  return { height, id: blockIdOf(header) };
}
