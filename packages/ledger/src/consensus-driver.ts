/** Drives the consensus host with real timers, keys, disk and connections. */
import { type Block, firstHeightOfEpoch, type Parameters } from '@radledger/chain';
import {
  type ConsensusModule,
  type ConsensusReport,
  type FinalizedState,
  type InstanceStatus,
  verifyVrfClaims,
} from '@radledger/consensus';
import { createHost, type Host } from '@radledger/consensus/host';
import type { Network, PeerId } from '@radledger/network';
import { verifyAll } from '@radledger/primitives';
import type { BlockExecutor } from './block-executor.js';
import type { ChainHead } from './chain-head.js';
import type { EpochContexts } from './epoch-contexts.js';
import { LedgerError } from './errors.js';
import type { IdentityKeys } from './identity-keys.js';
import type { LedgerLogger } from './logger.js';
import { penaltyOf } from './penalties.js';
import type { Recoveries } from './recoveries.js';
import { TOPICS } from './topics.js';

export interface ConsensusDriverOptions {
  readonly chainId: Uint8Array;
  readonly parameters: Parameters;
  readonly module: ConsensusModule;
  readonly identity: IdentityKeys | undefined;
  readonly network: Network;
  readonly executor: BlockExecutor;
  readonly head: ChainHead;
  readonly epochs: EpochContexts;
  readonly recoveries: Recoveries;
  readonly now: () => number;
  readonly logger: LedgerLogger;
  /** A block that this node saw finalized is durable. */
  readonly finalized: (block: Block) => void;
  /** The adopted tip moved, away from these blocks if any. */
  readonly adopted: (abandoned: readonly Block[]) => void;
  readonly behind: (peer: PeerId, height: number) => void;
  /** Consensus can prove misconduct. */
  readonly proven: (evidence: { readonly epoch: number; readonly bytes: Uint8Array }) => void;
  readonly failed: (error: unknown) => void;
}

export interface ConsensusDriver {
  start(finalized: FinalizedState): void;
  synced(finalized: FinalizedState): void;
  pendingTransactions(waiting: boolean): void;
  peer(peer: PeerId): void;
  gone(peer: PeerId): void;
  status(): InstanceStatus;
  /** Nothing is sent or signed after this. */
  stop(): void;
}

export function createConsensusDriver(options: ConsensusDriverOptions): ConsensusDriver {
  const { chainId, parameters, module, identity, network, executor, head, epochs, recoveries, now, logger } = options;
  const timers = new Map<string, NodeJS.Timeout>();

  function cancelTimer(id: string): void {
    clearTimeout(timers.get(id));
    timers.delete(id);
  }
  function report({ code, peer, epoch, view }: ConsensusReport): void {
    const points = penaltyOf(code);
    if (peer !== undefined && points > 0) network.penalise(peer, points, code);
    logger.debug({ code, peer, epoch, view }, 'consensus report');
  }
  /** Why this node does not vote belongs in the log: once, when it changes. */
  let toldVoting = '';
  function tellVoting(): void {
    const { voting } = host.status();
    const said = voting.allowed ? 'allowed' : voting.reason;
    if (said === toldVoting || identity === undefined) return;
    toldVoting = said;
    if (voting.allowed) logger.info({}, 'this node votes');
    else if (voting.reason === 'ASKING_PEERS')
      logger.info({}, 'this node asks its peers what it signed before it votes');
    else logger.warn({ reason: voting.reason }, 'this node does not vote');
  }
  const keys = (): IdentityKeys => {
    if (identity) return identity;
    throw new LedgerError({ code: 'NO_IDENTITY' }, 'a node without an identity was asked to sign');
  };

  let started = false;
  const host: Host = createHost({
    module,
    context: {
      chainId,
      parameters,
      identity: identity?.module,
    },
    ports: {
      now,
      setTimer(id, atMs) {
        tellVoting();
        cancelTimer(id);
        const timer = setTimeout(
          () => {
            timers.delete(id);
            host.timer(id);
          },
          Math.max(0, atMs - now()),
        );
        timers.set(id, timer);
      },
      cancelTimer,
      send: (peer, bytes) => void network.send(peer, TOPICS.consensus, bytes),
      broadcast: (bytes) => void network.broadcast(TOPICS.consensus, bytes),
      verifyClaims: verifyAll,
      verifyVrf: verifyVrfClaims,
      sign: (bytes, nodeKey) => keys().nodeOf(nodeKey).signer.sign(bytes),
      prove: (alpha, vrfKey) => keys().prove(alpha, vrfKey),
      signLog: {
        append: (record, nodeKey) => keys().nodeOf(nodeKey).signLog.append(record),
        rewrite: (records, nodeKey) => keys().nodeOf(nodeKey).signLog.rewrite(records),
      },
      build: (request) => executor.build(request),
      verifyBlock: (block) => executor.verify(block),
      adopt(blockId) {
        options.adopted(head.adopt(blockId).map(({ block }) => block));
      },
      async finalize(blocks) {
        for (const { block, proof } of blocks) {
          await executor.commit(block, proof);
          options.finalized(block);
        }
      },
      epoch: (epoch) => epochs.load(epoch, firstHeightOfEpoch(epoch, parameters.epochHeights)),
      behind: options.behind,
      evidence: options.proven,
      report,
      failed: options.failed,
    },
  });
  network.subscribe(TOPICS.consensus, async ({ peerId, bytes }) => {
    if (started) await host.message(peerId, bytes);
  });

  /** Below a recovery the voters that peers listen to are not those of the state: this node only fetches up to there. */
  function start(finalized: FinalizedState): void {
    const { height } = finalized.header;
    if (recoveries.all.length > recoveries.before(height + 1).length) {
      logger.info({ height }, 'this node fetches the chain up to the recovery before it takes part');
      return;
    }
    started = true;
    host.start({ finalized, signLog: identity?.signLogState() ?? { state: 'present', records: [] } });
  }

  return {
    start,
    synced(finalized) {
      if (started) host.synced(finalized);
      else start(finalized);
    },
    pendingTransactions: (waiting) => host.pendingTransactions(waiting),
    peer: (peer) => host.peer(peer),
    gone: (peer) => host.gone(peer),
    status: () => host.status(),
    stop() {
      host.stop();
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}
