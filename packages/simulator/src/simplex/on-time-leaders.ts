/** I9: nobody calls a leader silent before its time, or when its proposal has come. */
import { leaderOf } from '@radledger/consensus';
import { decodeMessage, NullifyReason, voteOfSignedBytes } from '@radledger/consensus-simplex';
import { Violation } from '../violation.js';
import type { Watcher, WatcherContext } from '../watcher.js';

/** From the wish to sign until the record is on disk: two writes, one after the other. */
const SIGNING_MS_MAX = 12;

export function createOnTimeLeaders(context: WatcherContext): Watcher {
  const { scenario, genesis, honest } = context;
  const { assumedDelayMs, targetIntervalMs, blockBytesMax } = scenario.parameters;
  const trueClocks = new Set(
    honest.filter(
      (node) =>
        Math.abs(scenario.skewMs[node] ?? 0) <= assumedDelayMs &&
        !scenario.faults.some((fault) => fault.kind === 'clock' && fault.node === node),
    ),
  );
  /** When an honest leader first sent its proposal, and who was about to wait for it then; after the faults only. */
  const proposals = new Map<string, { readonly atMs: number; readonly awaitedBy: ReadonlySet<number> }>();
  /** Times of each node's tips, newest last, with when it adopted them. */
  const tips = new Map<number, { readonly atMs: number; readonly timestampMs: number }[]>();
  let synchronous = false;

  /** What a node knew when it asked for a signature that is ready now. */
  function certifiedMs(node: number): number {
    const known = tips.get(node) ?? [];
    while (known[1] !== undefined && known[1].atMs <= context.now() - SIGNING_MS_MAX) known.shift();
    return known[0] !== undefined && known[0].atMs <= context.now() - SIGNING_MS_MAX ? known[0].timestampMs : 0;
  }

  return {
    started: (node) => void tips.delete(node),
    adopted(node, { timestampMs }) {
      const known = tips.get(node) ?? [];
      tips.set(node, known);
      known.push({ atMs: context.now(), timestampMs });
    },
    healed: () => void (synchronous = true),
    sent(_, bytes) {
      if (!synchronous) return;
      const message = decodeMessage(bytes, blockBytesMax);
      if (message.type !== 'proposal' || proposals.has(`${message.epoch}/${message.view}`)) return;
      const awaits = (node: number): boolean => {
        const status = context.node(node).host?.status();
        return status !== undefined && status.epoch === message.epoch && status.view >= message.view - 1;
      };
      const awaitedBy = new Set(honest.filter(awaits));
      proposals.set(`${message.epoch}/${message.view}`, { atMs: context.now(), awaitedBy });
    },
    signed(index, bytes) {
      const vote = voteOfSignedBytes(bytes);
      if (vote.kind !== 'nullify' || vote.reason !== NullifyReason.noProposal || !trueClocks.has(index)) return;
      const node = context.node(index);
      // The highest certified block that this node has executed: a leader builds on none that is lower.
      const dueMs = certifiedMs(index) + targetIntervalMs + 2 * assumedDelayMs - node.skewMs;
      if (context.now() < dueMs) {
        throw new Violation('I9', `node ${index} gave view ${vote.view} up ${dueMs - context.now()} ms too early`);
      }
      const { epoch } = node.chain.state();
      const leader = context.nodeOf(leaderOf(genesis.chainId, epoch, vote.view).source);
      const proposal = proposals.get(`${epoch.epoch}/${vote.view}`);
      if (!isCore(context, index) || leader === undefined || !isCore(context, leader)) return;
      // All links of the core are up and take less than Δ.
      if (proposal?.awaitedBy.has(index) && context.now() > proposal.atMs + assumedDelayMs) {
        throw new Violation('I9', `node ${index} calls the leader of view ${vote.view} silent, and has its proposal`);
      }
    },
  };
}

function isCore({ scenario: { ending } }: WatcherContext, node: number): boolean {
  return ending.kind === 'liveness' && ending.core.includes(node);
}
