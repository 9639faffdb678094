/** Swarm configuration: each seed turns some kinds of trouble on and others off, so that none hides another. */
import { DEFAULT_PARAMETERS } from '@radledger/chain';
import type { Fault } from './faults.js';
import type { Prng } from './prng.js';
import type { Ending, Scenario, ScenarioShape } from './scenario.js';
import type { LinkFaults } from './sim-network.js';

const HOUR_MS = 3_600_000;

/** Who is who: liars hold less than a third; the core holds more than two thirds and is spared what makes unfit to vote. */
interface Cast {
  readonly weights: readonly bigint[];
  readonly liars: readonly number[];
  readonly core: readonly number[];
  /** Neither. */
  readonly victims: readonly number[];
}

export function drawScenario(prng: Prng, shape: ScenarioShape): Scenario {
  const cast = drawCast(prng, shape);
  const { weights, liars, core, victims } = cast;
  const healMs = prng.between(1500, 3500);
  const assumedDelayMs = prng.between(30, 80);
  // Short epochs and a node that is down while several of them begin: alone, so that the others go on without it.
  const away = prng.chance(15);
  const { tuned = (drawn) => drawn } = shape;
  const parameters = tuned({
    ...DEFAULT_PARAMETERS,
    epochHeights: away ? prng.between(3, 4) : prng.between(3, 12),
    targetIntervalMs: away ? prng.between(60, 100) : prng.between(100, 300),
    minimumIntervalMs: prng.chance(50) ? 0 : prng.between(5, 60),
    assumedDelayMs,
    clockPrecisionMs: assumedDelayMs,
  });
  const faults = away
    ? [awayForEpochs(prng, weights.length, parameters.epochHeights * parameters.targetIntervalMs)]
    : drawFaults(prng, { healMs, cast });
  const ending: Ending =
    shape.seats === undefined && !prng.chance(10)
      ? { kind: 'liveness', core, down: victims.filter(() => prng.chance(50)) }
      : { kind: 'safety' };
  return {
    byzantine: liars,
    behaviours:
      shape.behaviours.length === 0
        ? []
        : Array.from({ length: prng.between(1, 3) }, () => prng.pick(shape.behaviours)),
    weights,
    parameters,
    links: drawLinks(prng, weights.length, assumedDelayMs),
    // Any two clocks of the core are within the precision of each other; another's may be off by an hour.
    skewMs: weights.map((_, node) =>
      victims.includes(node) && prng.chance(25)
        ? prng.pick([-HOUR_MS, HOUR_MS])
        : prng.between(-(assumedDelayMs >> 1), assumedDelayMs >> 1),
    ),
    faults,
    submissions: Array.from({ length: prng.between(0, 8) }, () => ({
      atMs: prng.between(0, healMs),
      node: prng.between(0, weights.length - 1),
    })),
    healMs: faults.reduce((end, fault) => (away && 'downMs' in fault ? fault.atMs + fault.downMs : end), healMs),
    ending,
  };
}

/** A tenth of the weight may be left out at once. */
const CLINIC_WEIGHT = 150n;

function drawCast(prng: Prng, { seats, equalWeights = false, clinics = 0 }: ScenarioShape): Cast {
  const count = seats?.nodeCount ?? (clinics > 0 ? 4 : prng.chance(75) ? 4 : prng.between(5, 7));
  const equal = seats !== undefined || clinics > 0 || prng.chance(60) || equalWeights;
  const light = Array<bigint>(clinics).fill(CLINIC_WEIGHT);
  const weights = [...Array.from({ length: count }, () => (equal ? 1000n : BigInt(prng.between(700, 1300)))), ...light];
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  const rest = weights.map((_, node) => node).slice(0, count);
  const draw = (): number => rest.splice(prng.between(0, rest.length - 1), 1)[0] as number;
  let spared = total - light.reduce((sum, weight) => sum + weight, 0n);
  /** Nodes in a random order, while those that are left keep more than two thirds of the weight. */
  const take = (max: number): number[] => {
    const taken: number[] = [];
    while (taken.length < max) {
      const node = draw();
      if ((spared - (weights[node] as bigint)) * 3n <= total * 2n) {
        rest.push(node);
        break;
      }
      spared -= weights[node] as bigint;
      taken.push(node);
    }
    return taken;
  };
  const liars =
    seats !== undefined ? Array.from({ length: seats.byzantineCount }, draw) : prng.chance(75) ? take(2) : [];
  const victims = seats !== undefined ? [] : [...take(2), ...light.map((_, index) => count + index)];
  return { weights, liars, victims, core: rest.sort((a, b) => a - b) };
}

function drawLinks(prng: Prng, count: number, assumedDelayMs: number): LinkFaults {
  const on = (percent: number): boolean => prng.chance(percent);
  const delayMsMax = prng.between(5, on(40) ? 2 * assumedDelayMs : assumedDelayMs);
  return {
    lossPercent: on(40) ? prng.between(1, 25) : 0,
    duplicatePercent: on(40) ? prng.between(1, 20) : 0,
    delayMsMin: 1,
    delayMsMax,
    slowPercent: on(40) ? prng.between(1, 10) : 0,
    bytesPerMs: on(15) ? prng.between(50, 500) : undefined,
    distanceMs: on(20) ? drawMap(prng, count, assumedDelayMs >> 2) : undefined,
  };
}

function drawMap(prng: Prng, count: number, farthestMs: number): readonly (readonly number[])[] {
  const places = Array.from({ length: count }, () => prng.between(0, farthestMs));
  return places.map((from) => places.map((to) => Math.abs(from - to)));
}

function awayForEpochs(prng: Prng, count: number, epochMs: number): Fault {
  const downMs = prng.between(3, 6) * epochMs;
  return { atMs: prng.between(50, 800), kind: 'crash', node: prng.between(0, count - 1), downMs, portCalls: 0 };
}

function drawFaults(prng: Prng, { healMs, cast }: { readonly healMs: number; readonly cast: Cast }): readonly Fault[] {
  const { weights, liars, victims } = cast;
  const all = weights.map((_, node) => node);
  const anyone = (): number => prng.pick(all);
  const kinds: readonly ((atMs: number) => Fault)[] = [
    (atMs) => ({ atMs, kind: 'crash', node: anyone(), downMs: prng.between(1, 900), portCalls: prng.between(0, 40) }),
    (atMs) => ({ atMs, kind: 'blackout', downMs: prng.between(10, 600) }),
    (atMs) => {
      const sides = all.map(() => prng.between(0, 1));
      return { atMs, kind: 'partition', sides, oneWay: prng.chance(30), forMs: prng.between(50, 1200) };
    },
    (atMs) => {
      const by = liars.length > 0 ? liars : [anyone()];
      return { atMs, kind: 'eclipse', node: anyone(), by, forMs: prng.between(50, 1200) };
    },
    (atMs) => ({ atMs, kind: 'disk-full', node: anyone(), forMs: prng.between(10, 900) }),
    ...(victims.length === 0
      ? []
      : [
          (atMs: number): Fault => {
            const byMs = prng.pick([-HOUR_MS, -1000, -200, 200, 1000, HOUR_MS]);
            return { atMs, kind: 'clock', node: prng.pick(victims), byMs, forMs: prng.between(100, 2000) };
          },
          (atMs: number): Fault => {
            return { atMs, kind: 'damaged-log', node: prng.pick(victims), downMs: prng.between(1, 500) };
          },
        ]),
    ...(liars.length === 0
      ? []
      : [
          (atMs: number): Fault => {
            const records = prng.between(1, 12);
            return { atMs, kind: 'rollback', node: prng.pick(liars), downMs: prng.between(1, 300), records };
          },
          (atMs: number): Fault => {
            return { atMs, kind: 'lost-fsync', node: prng.pick(liars), forMs: prng.between(100, 1500) };
          },
        ]),
  ];
  // A swarm: this run knows some kinds only.
  const chosen = kinds.filter(() => prng.chance(40));
  if (chosen.length === 0) return [];
  return Array.from({ length: prng.between(1, 7) }, () => prng.pick(chosen)(prng.between(50, healMs)));
}
