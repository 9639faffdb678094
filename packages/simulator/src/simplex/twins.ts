/**
 * Twins: one of four voters runs twice, with one key and two disks, and for a few views an adversary chooses who leads and who
 * hears whom. Every such choice is enumerated, but for those that differ only in the names of the honest or of the twins.
 * Source: Bano et al., "Twins: BFT Systems Made Robust", OPODIS 2021.
 */
import { DEFAULT_PARAMETERS } from '@radledger/chain';
import { leaderOf } from '@radledger/consensus';
import { decodeMessage, simplex, statementOf } from '@radledger/consensus-simplex';
import type { ModulePlug } from '../module-plug.js';
import { quietScenario, type Scenario } from '../scenario.js';
import { type SimulationOptions, type SimulationResult, simulate } from '../simulation.js';
import { trivialWorld } from '../world.js';

/** Nodes 0 to 2 are honest; 3 and 4 are the twins. */
const NODES = 5;
const TWIN = 3;
/** Long enough for a view to be given up. */
const VIEW_MS = 200;
/** Blocks that the honest must have once the network is whole. */
const HEIGHTS = 3;

/** One view: who leads (3: both twins), and on which side each node is. */
export interface TwinsView {
  readonly leader: number;
  readonly sides: readonly number[];
}

/** Every scenario of so many views, one of each class of those that are equal under renaming. */
export function* twinsScenarios(views: number): Generator<readonly TwinsView[]> {
  const choices: TwinsView[] = [];
  for (let leader = 0; leader < 4; leader++) {
    // Which side is which says nothing: node 0 is on side 0.
    for (let bits = 0; bits < 1 << (NODES - 1); bits++) {
      choices.push({ leader, sides: [0, ...Array.from({ length: NODES - 1 }, (_, index) => (bits >> index) & 1)] });
    }
  }
  const count = choices.length ** views;
  for (let number = 0; number < count; number++) {
    const chosen = Array.from(
      { length: views },
      (_, view) => Math.floor(number / choices.length ** view) % choices.length,
    );
    const scenario = chosen.map((index) => choices[index] as TwinsView);
    const name = nameOf(scenario);
    if (RENAMINGS.every((renaming) => name <= nameOf(scenario.map((view) => renamed(view, renaming))))) yield scenario;
  }
}

const HONEST_ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;
const RENAMINGS = HONEST_ORDERS.flatMap((order) => [
  [...order, 3, 4],
  [...order, 4, 3],
]);

function renamed({ leader, sides }: TwinsView, renaming: readonly number[]): TwinsView {
  const moved = sides.map((_, node) => sides[renaming.indexOf(node)] as number);
  const flip = moved[0] as number;
  return { leader: leader === TWIN ? TWIN : (renaming[leader] as number), sides: moved.map((side) => side ^ flip) };
}

function nameOf(scenario: readonly TwinsView[]): string {
  return scenario.map(({ leader, sides }) => `${leader}${sides.join('')}`).join('/');
}

const SCENARIO: Scenario = {
  ...quietScenario({
    weights: [1000n, 1000n, 1000n, 1000n],
    byzantine: [TWIN],
    parameters: {
      ...DEFAULT_PARAMETERS,
      epochHeights: 32,
      targetIntervalMs: 40,
      minimumIntervalMs: 0,
      assumedDelayMs: 20,
      clockPrecisionMs: 20,
    },
    links: { lossPercent: 0, duplicatePercent: 0, delayMsMin: 1, delayMsMax: 3, slowPercent: 0 },
    ending: { kind: 'height', height: HEIGHTS, withinMs: 60_000 },
  }),
  twinOf: TWIN,
};

/** @returns the run; not reaching the height is a violation: after the chosen views the network is whole */
export function runTwins(plug: ModulePlug, views: readonly TwinsView[]): SimulationResult {
  const wholeAtMs = views.length * VIEW_MS;
  const passes: SimulationOptions['passes'] = ({ atMs, from, to, bytes }) => {
    const sides = atMs < wholeAtMs ? views[viewOf(bytes) - 1]?.sides : undefined;
    return sides === undefined || sides[from] === sides[to];
  };
  const { module, watchers } = plug;
  const seed = seedFor(views.map(({ leader }) => leader));
  const result = simulate({ seed, module, watchers, scenario: SCENARIO, passes, sharesClaims: true });
  if (result.violation !== undefined || result.finalized >= HEIGHTS) return result;
  return { ...result, violation: { invariant: 'I16', message: `height ${HEIGHTS} not reached: ${nameOf(views)}` } };
}

/** The view that a message of the first epoch speaks of; 0 when of none: questions and answers pass. */
function viewOf(bytes: Uint8Array): number {
  const message = decodeMessage(bytes, SCENARIO.parameters.blockBytesMax);
  switch (message.type) {
    case 'proposal':
      return message.view;
    case 'vote':
      return message.signed.vote.view;
    case 'certificate':
      return statementOf(message.certificate).view;
    default:
      return 0;
  }
}

const seeds = new Map<string, number>();
let seedsTried = 0;

/** A seed whose chain gives these leaders to its first views. */
function seedFor(leaders: readonly number[]): number {
  const wanted = leaders.join('');
  for (let found = seeds.get(wanted); ; found = seeds.get(wanted)) {
    if (found !== undefined) return found;
    const seed = ++seedsTried;
    const drawn = leadersOf(seed, leaders.length).join('');
    if (!seeds.has(drawn)) seeds.set(drawn, seed);
  }
}

function leadersOf(seed: number, views: number): readonly number[] {
  const world = trivialWorld(SCENARIO, seed, simplex);
  const { chainId, members } = world.genesis;
  const { epoch } = world.chainOf(0, () => 0).state();
  return Array.from({ length: views }, (_, index) => {
    const { source } = leaderOf(chainId, epoch, index + 1);
    return world.memberNodes[members.findIndex((member) => member.source === source)] as number;
  });
}
