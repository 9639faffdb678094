/** What a run is measured by: counted on the way, worked out at its end. */
import type { DutyEvent, EpochContext, FinalizedByProof } from '@radledger/consensus';
import { equalBytes, toHex } from '@radledger/primitives';
import { dutyClasses } from './duty-classes.js';
import type { WatcherContext } from './watcher.js';

/** One block that the honest nodes agree on. Times are virtual, ms; undefined when nobody has it. */
export interface BlockFigures {
  readonly height: number;
  /** Number of the node that made it. */
  readonly proposer: number | undefined;
  readonly timestampMs: number;
  readonly transactions: number;
  readonly bytes: number;
  /** When the first honest node knew it final, and when the last of those that got there did. */
  readonly firstFinalMs: number;
  readonly lastFinalMs: number;
}

export interface SubmissionFigures {
  readonly atMs: number;
  readonly node: number;
  /** When the node that it was handed to knew it final; undefined when it did not. */
  readonly finalMs: number | undefined;
}

export interface Figures {
  readonly virtualMs: number;
  readonly blocks: readonly BlockFigures[];
  readonly submissions: readonly SubmissionFigures[];
  /** Blocks of the agreed chain by the number of the node that made them. */
  readonly ledByNode: readonly number[];
  /** Views of the agreed chain by the node that was to lead, in the classes of the duty ledger. */
  readonly dutiesByNode: readonly Readonly<Record<string, number>>[];
  readonly messagesSent: number;
  readonly bytesSent: number;
  /** Blocks that some honest node had from another, executed, and that did not become final. */
  readonly orphans: number;
  /** Times that an honest node's tip moved to a block that does not stand on its last tip, and the most blocks undone. */
  readonly reorganisations: number;
  readonly deepestReorganisation: number;
}

interface Seen {
  first: number;
  last: number;
}

export class FigureKeeper {
  private readonly finalAt = new Map<string, Seen>();
  private readonly executed = new Set<string>();
  private readonly submitted: { atMs: number; node: number; key: string; finalMs: number | undefined }[] = [];
  private readonly open = new Map<string, { finalMs: number | undefined; node: number }>();
  private reorganisations = 0;
  private deepest = 0;

  constructor(private readonly context: WatcherContext) {}

  submits(node: number, transaction: Uint8Array): void {
    const entry = { atMs: this.context.now(), node, key: toHex(transaction), finalMs: undefined };
    this.submitted.push(entry);
    this.open.set(entry.key, entry);
  }

  executes(id: Uint8Array): void {
    this.executed.add(toHex(id));
  }

  /** @param undone - blocks between the last tip and what the new one shares with it */
  adopts(undone: number): void {
    if (undone === 0) return;
    this.reorganisations++;
    this.deepest = Math.max(this.deepest, undone);
  }

  finalizes(node: number, blocks: readonly FinalizedByProof[]): void {
    const now = this.context.now();
    for (const { block } of blocks) {
      const key = toHex(block.id);
      const seen = this.finalAt.get(key);
      if (seen === undefined) this.finalAt.set(key, { first: now, last: now });
      else seen.last = now;
      for (const transaction of block.body.transactions) {
        const entry = this.open.get(toHex(transaction));
        if (entry?.node === node) entry.finalMs ??= now;
      }
    }
  }

  result(network: { readonly messagesSent: number; readonly bytesSent: number }): Figures {
    const { context } = this;
    const agreed = context.agreed();
    const count = context.scenario.weights.length;
    const blocks = agreed.map(({ block }): BlockFigures => {
      const { first, last } = this.finalAt.get(toHex(block.id)) as Seen;
      return {
        height: block.header.height,
        proposer: context.nodeOf(block.header.proposer),
        timestampMs: block.header.timestampMs,
        transactions: block.body.transactions.length,
        bytes: block.header.bodyBytes,
        firstFinalMs: first,
        lastFinalMs: last,
      };
    });
    const ledByNode = Array.from(
      { length: count },
      (_, node) => blocks.filter((block) => block.proposer === node).length,
    );
    const final = agreed.filter(({ block }) => this.executed.has(toHex(block.id))).length;
    return {
      virtualMs: context.now(),
      blocks,
      submissions: this.submitted.map(({ atMs, node, finalMs }) => ({ atMs, node, finalMs })),
      ledByNode,
      dutiesByNode: countDuties(context),
      messagesSent: network.messagesSent,
      bytesSent: network.bytesSent,
      orphans: this.executed.size - final,
      reorganisations: this.reorganisations,
      deepestReorganisation: this.deepest,
    };
  }
}

function countDuties(context: WatcherContext): readonly Record<string, number>[] {
  const counts = context.scenario.weights.map((): Record<string, number> => ({}));
  for (const found of dutyClasses(dutiesOf(context), context.genesis.parameters.dutyGraceHeights)) {
    const node = context.nodeOf(found.source);
    const classes = node === undefined ? undefined : counts[node];
    if (classes !== undefined) classes[found.class] = (classes[found.class] ?? 0) + 1;
  }
  return counts;
}

/** Views that the agreed chain closes, in its order. */
function dutiesOf(context: WatcherContext): readonly DutyEvent[] {
  const chain = context.agreed();
  const last = chain.at(-1)?.block;
  if (last === undefined) return [];
  // Seeds of epochs come from the chain of a node that has all of it.
  const holder = context.honest
    .map((index) => context.node(index).chain)
    .find(({ finalized }) => {
      const own = finalized[last.header.height - 1];
      return own !== undefined && equalBytes(own.block.id, last.id);
    });
  if (holder === undefined) return [];
  const { chainId, parameters } = context.genesis;
  const epochs = new Map<number, EpochContext | undefined>();
  const epoch = (number: number): EpochContext | undefined => {
    if (!epochs.has(number)) epochs.set(number, holder.epoch(number));
    return epochs.get(number);
  };
  return chain.flatMap(({ block }) => context.module.dutiesOf(block, { chainId, epoch, parameters }));
}
