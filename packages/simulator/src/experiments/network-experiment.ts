/** Consensus among simulated nodes: each module of the scenario on the same world and workload. */
import type { ConsensusModule } from '@radledger/consensus';
import type { Figures } from '../figures.js';
import { type SimulationResult, simulate } from '../simulation.js';
import type { Watcher, WatcherContext } from '../watcher.js';
import type { Meter } from './experiment.js';
import { type LeaderShare, leaderShareOf } from './leader-share.js';
import type { NetworkScenario } from './network-scenario.js';
import { type World, worldOf } from './network-world.js';
import { quantile } from './statistics.js';

export interface NetworkFigures {
  readonly modules: readonly ModuleFigures[];
  /** Numbers of the sources that crashes and silence befell. */
  readonly hit: readonly number[];
}

export interface ModuleFigures {
  readonly module: string;
  /** The same for two runs exactly when all events were. */
  readonly traceHash: string;
  /** An invariant that did not hold, if any: the module is at fault. */
  readonly violation?: { readonly invariant: string; readonly message: string };
  readonly height: number;
  readonly virtualMs: number;
  /** Height, and when the first node knew it final, ms. */
  readonly progress: readonly (readonly [atMs: number, height: number])[];
  /** From one block's timestamp to the next one's. */
  readonly intervalMs: Distribution;
  /** From a block's timestamp to when the first node knew it final. */
  readonly blockFinalMs: Distribution;
  /** The same for the last node that got there: those that were cut off or down come late. */
  readonly blockEverywhereMs: Distribution;
  /** From a transaction's arrival at a node to when that node knew it final. */
  readonly transactionFinalMs: Distribution;
  readonly transactions: {
    /** Handed to nodes; those that were down at that moment lost them. */
    readonly submitted: number;
    /** In final blocks. */
    readonly finalized: number;
  };
  readonly forks: {
    /** Blocks that a node had from another and executed, and that were not final at the end. */
    readonly orphans: number;
    readonly reorganisations: number;
    readonly deepest: number;
  };
  /** Sums over the nodes of what the module itself counts, such as `hashes`. */
  readonly effort: Readonly<Record<string, number>>;
  readonly traffic: { readonly messages: number; readonly bytes: number };
  /** Views that final blocks account for, by class: of sources that a crash or silence befell, and of the others. */
  readonly duties: {
    readonly hit: Readonly<Record<string, number>>;
    readonly others: Readonly<Record<string, number>>;
  };
  readonly leaderShare: LeaderShare;
}

/** `points` are 101 quantiles, from the smallest to the largest; empty when nothing was counted. */
export interface Distribution {
  readonly count: number;
  readonly points: readonly number[];
}

export function runNetwork(
  scenario: NetworkScenario,
  modules: Readonly<Record<string, ConsensusModule>>,
  meter: Meter,
): NetworkFigures {
  const worlds = scenario.modules.map((name) => worldOf(scenario, name));
  const figures = scenario.modules.map((name, index) => {
    const world = worlds[index] as World;
    const options = { seed: scenario.seed, module: modules[name] as ConsensusModule, sharesClaims: true };
    const effort: Record<string, number> = {};
    const { behaviours, scenario: of } = world;
    const watchers = [effortWatcher(effort)];
    const result = meter(name, () => simulate({ ...options, behaviours, watchers, scenario: of }));
    return { ...moduleFigures(name, result, world), effort };
  });
  return { modules: figures, hit: [...(worlds[0] as World).hit].sort((a, b) => a - b) };
}

/** Adds up what the nodes that are up at the end have counted since their start. */
function effortWatcher(sums: Record<string, number>): (context: WatcherContext) => Watcher {
  return (context) => ({
    ended() {
      for (const index of context.honest) {
        for (const [name, count] of Object.entries(context.node(index).host?.status().figures ?? {})) {
          sums[name] = (sums[name] ?? 0) + count;
        }
      }
    },
  });
}

function moduleFigures(
  module: string,
  { figures, violation, traceHash, finalized }: SimulationResult,
  { scenario: world, hit }: World,
): Omit<ModuleFigures, 'effort'> {
  const { blocks, submissions, orphans, reorganisations, deepestReorganisation } = figures;
  const timestamps = blocks.map(({ timestampMs }) => timestampMs);
  return {
    module,
    traceHash,
    ...(violation && { violation }),
    height: finalized,
    virtualMs: figures.virtualMs,
    progress: blocks.map(({ height, firstFinalMs }) => [firstFinalMs, height]),
    intervalMs: distributionOf(timestamps.slice(1).map((at, index) => at - (timestamps[index] as number))),
    blockFinalMs: distributionOf(blocks.map(({ timestampMs, firstFinalMs }) => firstFinalMs - timestampMs)),
    blockEverywhereMs: distributionOf(blocks.map(({ timestampMs, lastFinalMs }) => lastFinalMs - timestampMs)),
    transactionFinalMs: distributionOf(
      submissions.flatMap(({ atMs, finalMs }) => (finalMs === undefined ? [] : [finalMs - atMs])),
    ),
    transactions: {
      submitted: world.submissions.filter(({ atMs }) => atMs <= figures.virtualMs).length,
      finalized: blocks.reduce((sum, { transactions }) => sum + transactions, 0),
    },
    forks: { orphans, reorganisations, deepest: deepestReorganisation },
    traffic: { messages: figures.messagesSent, bytes: figures.bytesSent },
    duties: {
      hit: dutiesOf(figures, (number) => hit.has(number)),
      others: dutiesOf(figures, (number) => !hit.has(number)),
    },
    leaderShare: leaderShareOf(world.weights, viewsLed(figures)),
  };
}

function distributionOf(values: readonly number[]): Distribution {
  if (values.length === 0) return { count: 0, points: [] };
  const sorted = [...values].sort((a, b) => a - b);
  return { count: sorted.length, points: Array.from({ length: 101 }, (_, percent) => quantile(sorted, percent / 100)) };
}

function dutiesOf({ dutiesByNode }: Figures, includes: (number: number) => boolean): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [number, classes] of dutiesByNode.entries()) {
    if (!includes(number)) continue;
    for (const [name, count] of Object.entries(classes)) sums[name] = (sums[name] ?? 0) + count;
  }
  return Object.fromEntries(Object.entries(sums).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Views that each source was to lead, whatever came of them; blocks made, when the module has no record of duties. */
function viewsLed({ dutiesByNode, ledByNode }: Figures): readonly number[] {
  const views = dutiesByNode.map((classes) => Object.values(classes).reduce((sum, count) => sum + count, 0));
  return views.some((count) => count > 0) ? views : ledByNode;
}
