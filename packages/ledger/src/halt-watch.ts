/**
 * Says, with its signature, that this node's chain does not go on, and collects what others say of theirs.
 * Spec: docs/spec/halt-and-recovery.md, section 1.
 */
import {
  ConsensusError,
  decodeHaltStatement,
  encodeHaltStatement,
  type EpochContext,
  haltClaim,
  type HaltProof,
  haltProofOf,
  haltSignedBytes,
  type HaltStatement,
  isHaltStatementTimely,
} from '@radledger/consensus';
import type { Network, PeerId } from '@radledger/network';
import { equalBytes, toHex, verifyFast } from '@radledger/primitives';
import type { LedgerLogger } from './logger.js';
import type { LedgerIdentity } from './options.js';
import { TOPICS } from './topics.js';

/** A statement is made anew so often while the chain stands still. */
const RESTATE_MS = 60_000;
/** Nobody's statements are taken more often: peers pass them on. */
const STATEMENT_SPACING_MS = 10_000;
const PENALTY_FALSE = 50;

export interface HaltWatchOptions {
  readonly chainId: Uint8Array;
  readonly identity: LedgerIdentity | undefined;
  readonly network: Network;
  /** Newest finalized block. */
  readonly tip: () => { readonly height: number; readonly id: Uint8Array };
  /** Epoch of the next height. */
  readonly epoch: () => EpochContext | undefined;
  readonly now: () => number;
  /** Without a final block for so long, a voter says that the chain stands still. */
  readonly haltAfterMs: number;
  readonly logger: LedgerLogger;
}

export interface HaltWatch {
  /** A block became final: what was said of the one before is void. */
  advanced(): void;
  /** Tells a new peer what is known. */
  peer(peer: PeerId): void;
  /** Proof that voters of more than half of the weight stand at this node's height; undefined while there is none. */
  halted(): HaltProof | undefined;
  close(): void;
}

export function createHaltWatch(options: HaltWatchOptions): HaltWatch {
  const { chainId, identity, network, tip, epoch, now, haltAfterMs, logger } = options;
  /** By node key: at most one a voter. */
  const statements = new Map<string, HaltStatement>();
  let stillSinceMs = performance.now();
  let told = false;

  const isVoter = (nodeKey: Uint8Array): boolean =>
    epoch()?.committee.some((member) => equalBytes(member.nodeKey, nodeKey)) ?? false;

  function isAboutTip({ height, blockId }: HaltStatement): boolean {
    const { height: own, id } = tip();
    return height === own && equalBytes(blockId, id);
  }

  function keep(statement: HaltStatement): void {
    statements.set(toHex(statement.nodeKey), statement);
    network.broadcast(TOPICS.halt, encodeHaltStatement(statement));
    const proof = halted();
    if (proof === undefined || told) return;
    told = true;
    const { height, weight, totalWeight } = proof;
    logger.warn({ height, weight, totalWeight }, 'the network stands still: more than half of the stake says so');
  }

  function halted(): HaltProof | undefined {
    const { height, id } = tip();
    const current = epoch();
    if (current === undefined || statements.size === 0) return undefined;
    return haltProofOf(statements.values(), { height, blockId: id, epoch: current, nowMs: now() });
  }

  async function state(): Promise<void> {
    if (identity === undefined || performance.now() - stillSinceMs < haltAfterMs) return;
    const signers = [identity.nodeSigner, ...(identity.next?.node ? [identity.next.node.signer] : [])];
    const signer = signers.find(({ publicKey }) => isVoter(publicKey));
    if (signer === undefined) return;
    const nodeKey = signer.publicKey;
    const { height, id } = tip();
    const said = { height, blockId: id, statedAtMs: now() };
    const signature = await signer.sign(haltSignedBytes(chainId, said));
    const statement = { nodeKey, ...said, signature };
    if (isAboutTip(statement)) keep(statement);
  }

  network.subscribe(TOPICS.halt, async ({ peerId, bytes }) => {
    let statement: HaltStatement;
    try {
      statement = decodeHaltStatement(bytes);
    } catch (error) {
      if (!(error instanceof ConsensusError)) throw error;
      network.penalise(peerId, PENALTY_FALSE, error.info.code);
      return;
    }
    // Of another block, of a stranger, too old or too soon after the last: no fault of the peer, and not worth a check.
    if (!isAboutTip(statement) || !isVoter(statement.nodeKey) || !isHaltStatementTimely(statement, now())) return;
    const known = statements.get(toHex(statement.nodeKey));
    if (known !== undefined && statement.statedAtMs < known.statedAtMs + STATEMENT_SPACING_MS) return;
    const { key, message, signature } = haltClaim(chainId, statement);
    if (!(await verifyFast(key, message, signature))) {
      network.penalise(peerId, PENALTY_FALSE, 'BAD_SIGNATURE');
      return;
    }
    if (isAboutTip(statement)) keep(statement);
  });

  const timer = setInterval(
    () => {
      state().catch((error: unknown) => logger.error({ err: error }, 'cannot sign a halt statement'));
    },
    Math.min(RESTATE_MS, haltAfterMs),
  );
  timer.unref();

  return {
    advanced() {
      stillSinceMs = performance.now();
      told = false;
      statements.clear();
    },
    peer(peer) {
      for (const statement of statements.values()) network.send(peer, TOPICS.halt, encodeHaltStatement(statement));
    },
    halted,
    close: () => clearInterval(timer),
  };
}
