import type { Measured } from './experiment.js';
import { byteCount, integer, percent, seconds, short } from './format.js';
import type { Distribution, ModuleFigures, NetworkFigures } from './network-experiment.js';
import type { NetworkScenario } from './network-scenario.js';
import { presentLeaderShare } from './present-leader-share.js';
import type { Presentation, Section, XyChart } from './presentation.js';

const STEPS_MAX = 200;

export function presentNetwork(
  scenario: NetworkScenario,
  figures: NetworkFigures,
  measured: Measured,
): Pick<Presentation, 'facts' | 'sections'> {
  const { modules } = figures;
  return {
    facts: factsOf(scenario, figures, measured),
    sections: [
      progressSection(scenario, modules),
      finalitySection(modules),
      forksSection(modules),
      costSection(scenario, modules, measured),
      dutiesSection(modules),
      presentLeaderShare(modules.map(({ module, leaderShare }) => ({ name: module, share: leaderShare }))),
    ],
  };
}

function factsOf(
  scenario: NetworkScenario,
  { modules, hit }: NetworkFigures,
  measured: Measured,
): Presentation['facts'] {
  const violations = modules.flatMap(({ module, violation }) =>
    violation ? [`${module}: ${violation.invariant}`] : [],
  );
  return [
    ['Sources', integer(scenario.sources)],
    ['Sources crashed or silent', integer(hit.length)],
    ['Heights wanted', integer(scenario.heights)],
    ...modules.map(
      ({ module, height, virtualMs }) => [module, `height ${integer(height)} after ${seconds(virtualMs)}`] as const,
    ),
    ['Broken invariants', violations.length === 0 ? 'none' : violations.join(', ')],
    ['CPU time', seconds(measured.cpuMs)],
  ];
}

function progressSection({ faults, heights }: NetworkScenario, modules: readonly ModuleFigures[]): Section {
  const endMs = Math.max(...modules.map(({ virtualMs }) => virtualMs));
  const spans = faults
    .map(({ kind, atMs, forMs }) => ({
      label: kind,
      from: atMs / 1000,
      to: Math.min(endMs, atMs + (forMs ?? endMs)) / 1000,
    }))
    .filter(({ from, to }) => from < to);
  return {
    heading: 'Progress',
    text: `Finalized height over virtual time. A flat stretch is a stop. ${spans.length === 0 ? 'Nothing breaks in this scenario.' : 'Where the ground is shaded, something is broken: a partition, a crash, or silence.'}`,
    charts: [
      {
        kind: 'xy',
        title: 'Finalized height over time',
        x: { label: 'virtual time, seconds', scale: 'linear', format: short, from: 0, to: endMs / 1000 },
        y: { label: 'finalized height', scale: 'linear', format: short, from: 0, to: heights },
        series: modules.map(({ module, progress }) => ({
          name: module,
          draw: 'step',
          points: thinned([[0, 0], ...progress.map(([atMs, height]) => [atMs / 1000, height] as const)]),
        })),
        spans,
      },
    ],
    table: {
      caption: 'Progress by module',
      columns: columns('Module', 'Height', 'Virtual time', 'Interval, median', 'Interval, 99%', 'Longest'),
      rows: modules.map(({ module, height, virtualMs, intervalMs }) => [
        module,
        integer(height),
        seconds(virtualMs),
        ...[50, 99, 100].map((at) => timeAt(intervalMs, at)),
      ]),
    },
  };
}

function finalitySection(modules: readonly ModuleFigures[]): Section {
  const withTransactions = modules.filter(({ transactionFinalMs }) => transactionFinalMs.count > 0);
  return {
    heading: 'Time to finality',
    text:
      'The share of transactions, and of blocks, that were final within a time: the further left, the sooner; a long tail to the right is waiting. ' +
      'A transaction counts from its arrival at a node until that node knows it final; a block from its timestamp until the first node, or the last that got there, knows it final.',
    charts: [
      ...(withTransactions.length === 0
        ? []
        : [
            finalityChart(
              'Transactions: share final within a time',
              withTransactions.map(({ module, transactionFinalMs }) => [module, transactionFinalMs]),
            ),
          ]),
      finalityChart(
        'Blocks: share final within a time',
        modules.flatMap(({ module, blockFinalMs, blockEverywhereMs }): readonly (readonly [string, Distribution])[] =>
          modules.length > 1
            ? [[module, blockFinalMs]]
            : [
                ['at the first node', blockFinalMs],
                ['at the last node', blockEverywhereMs],
              ],
        ),
      ),
    ],
    table: {
      caption: 'Time to finality by module',
      columns: columns('Module', 'Of', 'Count', 'Median', '90%', '99%', 'Longest'),
      rows: modules.flatMap(({ module, transactionFinalMs, blockFinalMs, blockEverywhereMs }) => [
        [module, 'transactions', ...row(transactionFinalMs)],
        [module, 'blocks, first node', ...row(blockFinalMs)],
        [module, 'blocks, last node', ...row(blockEverywhereMs)],
      ]),
    },
  };
}

function finalityChart(title: string, lines: readonly (readonly [name: string, times: Distribution])[]): XyChart {
  return {
    kind: 'xy',
    title,
    x: { label: 'seconds', scale: 'log', format: short },
    y: { label: 'share that is final', scale: 'linear', format: percent, from: 0, to: 1 },
    series: lines.map(([name, { points }]) => ({
      name,
      draw: 'step',
      points: points.map((ms, index) => [Math.max(ms, 1) / 1000, index / 100]),
    })),
  };
}

function forksSection(modules: readonly ModuleFigures[]): Section {
  return {
    heading: 'Forks and re-organisations',
    text:
      'Blocks that a node had from another and executed, and that were not final when the run ended, and how often a node’s tip moved off its last one. ' +
      'A module with instant finality shows none of the second: its tips are only proposals.',
    charts: modules.every(({ forks }) => forks.orphans + forks.reorganisations === 0)
      ? []
      : [
          {
            kind: 'bars',
            title: 'Blocks that did not become final, and re-organisations',
            y: { label: 'count', scale: 'linear', format: short },
            categories: modules.map(({ module }) => module),
            series: [
              { name: 'blocks not final', values: modules.map(({ forks }) => forks.orphans) },
              { name: 're-organisations', values: modules.map(({ forks }) => forks.reorganisations) },
            ],
            stacked: false,
          },
        ],
    table: {
      caption: 'Forks by module',
      columns: columns('Module', 'Final blocks', 'Blocks not final', 'Re-organisations', 'Deepest'),
      rows: modules.map(({ module, height, forks }) => [
        module,
        ...[height, forks.orphans, forks.reorganisations, forks.deepest].map(integer),
      ]),
    },
  };
}

function costSection({ sources }: NetworkScenario, modules: readonly ModuleFigures[], measured: Measured): Section {
  const efforts = [...new Set(modules.flatMap(({ effort }) => Object.keys(effort)))].sort();
  const costs = modules.map(({ module, traffic, transactions, height, effort }) => {
    const per = transactions.finalized > 0 ? transactions.finalized : height;
    const cpuMs = measured.cpuMsByModule[module] ?? 0;
    return {
      module,
      traffic,
      transactions,
      effort,
      per,
      perNode: traffic.bytes / Math.max(1, per) / sources,
      cpuMs: cpuMs / Math.max(1, per) / sources,
    };
  });
  const unit = modules.some(({ transactions }) => transactions.finalized > 0) ? 'transaction' : 'block';
  return {
    heading: `Bytes and CPU per ${unit}`,
    text:
      `What one node sends, and what it computes, for each ${unit} that became final. Bytes are the messages as they would go over the wire, before TLS. ` +
      'CPU time is measured on the machine that ran this, with stand-ins for signatures and a trivial execution: compare modules by it, not machines.',
    charts: [
      {
        kind: 'bars',
        title: `Bytes that a node sends per ${unit}`,
        y: { label: 'KiB', scale: 'linear', format: short },
        categories: costs.map(({ module }) => module),
        series: [{ name: 'KiB', values: costs.map(({ perNode }) => perNode / 1024) }],
        stacked: false,
      },
      {
        kind: 'bars',
        title: `CPU time of a node per ${unit}`,
        y: { label: 'milliseconds', scale: 'linear', format: short },
        categories: costs.map(({ module }) => module),
        series: [{ name: 'CPU', values: costs.map(({ cpuMs }) => cpuMs) }],
        stacked: false,
      },
    ],
    table: {
      caption: 'Cost by module, all nodes together unless said otherwise',
      columns: columns(
        'Module',
        'Transactions',
        'Messages',
        'Bytes',
        `Bytes per ${unit} and node`,
        `CPU ms per ${unit} and node`,
        ...efforts.map((name) => `${name} per ${unit}`),
      ),
      rows: costs.map(({ module, traffic, transactions, perNode, cpuMs, effort, per }) => [
        module,
        `${integer(transactions.finalized)} of ${integer(transactions.submitted)}`,
        integer(traffic.messages),
        byteCount(traffic.bytes),
        byteCount(perNode),
        short(cpuMs),
        ...efforts.map((name) => (effort[name] === undefined ? 'none' : short(effort[name] / Math.max(1, per)))),
      ]),
    },
  };
}

function dutiesSection(modules: readonly ModuleFigures[]): Section {
  const classes = [
    ...new Set(modules.flatMap(({ duties }) => [...Object.keys(duties.hit), ...Object.keys(duties.others)])),
  ].sort(byClass);
  const groups = modules.flatMap(({ module, duties }) => [
    { label: modules.length > 1 ? module : 'never broken', of: 'never broken', module, counts: duties.others },
    ...(Object.keys(duties.hit).length === 0
      ? []
      : [
          {
            label: modules.length > 1 ? `${module}*` : 'crashed or silent',
            of: 'crashed or silent',
            module,
            counts: duties.hit,
          },
        ]),
  ]);
  return {
    heading: 'Duty classes',
    text:
      'What became of the views that sources were to lead, by the rules of the duty ledger: a block (produced), none in time (missed), one that came late, a refusal to lead (declined), ' +
      'a block that no rule allows (invalid), or so many empty views on end that nobody is to blame (storm). Views of sources that a crash or silence befell at some time are ' +
      `apart from the others${modules.length > 1 ? ' (marked *)' : ''}: a missed duty belongs to them.`,
    charts:
      classes.length === 0
        ? []
        : [
            {
              kind: 'bars',
              title: 'Views by what became of them',
              y: { label: 'views', scale: 'linear', format: short },
              categories: groups.map(({ label }) => label),
              series: classes.map((name) => ({ name, values: groups.map(({ counts }) => counts[name] ?? 0) })),
              stacked: true,
            },
          ],
    table: {
      caption: 'Views by class',
      columns: [...columns('Module', 'Sources'), ...classes.map((label) => ({ label, isNumber: true }))],
      rows: groups.map(({ module, of, counts }) => [module, of, ...classes.map((name) => integer(counts[name] ?? 0))]),
    },
  };
}

/** What was hoped for first, the rest by name. */
function byClass(a: string, b: string): number {
  const rank = (name: string): string => (name === 'PRODUCED' ? '' : name);
  return rank(a) < rank(b) ? -1 : 1;
}

const NAMES = new Set(['Module', 'Of', 'Sources']);
const columns = (...labels: readonly string[]): Section['table']['columns'] =>
  labels.map((label) => ({ label, isNumber: !NAMES.has(label) }));

const timeAt = ({ points }: Distribution, percentile: number): string => {
  const ms = points[percentile];
  return ms === undefined ? 'none' : seconds(ms);
};
const row = (distribution: Distribution): readonly string[] => [
  integer(distribution.count),
  ...[50, 90, 99, 100].map((percentile) => timeAt(distribution, percentile)),
];

/** At most 200 of many steps: more cannot be told apart on a screen. */
function thinned(points: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const every = Math.ceil(points.length / STEPS_MAX);
  return points.filter((_, index) => index % every === 0 || index === points.length - 1);
}
