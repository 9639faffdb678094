import { DEFAULT_PARAMETERS } from '@radledger/chain';
import { createSimplex } from '@radledger/consensus-simplex';
import { expect, test } from 'vitest';
import { quietScenario, type Scenario } from '../src/scenario.js';
import { simulate } from '../src/simulation.js';
import { Accountability } from '../src/simplex/accountability.js';
import { echoesVotes } from '../src/simplex/echoes-votes.js';
import { simplexPlug } from '../src/simplex/plug.js';
import type { Watcher, WatcherContext } from '../src/watcher.js';

const { module } = simplexPlug;
/** Votes after a start without asking its peers. */
const unasked = createSimplex({ rules: { askPeersBeforeVoting: false } });
const behaviours = [...simplexPlug.behaviours, echoesVotes];
const LIES = ['equivocating-proposals', 'double-votes', 'nullify-and-finalize'];
/** One leads two ways, and each voter is told what it wants to hear. */
const FORKS = ['equivocating-proposals', 'echoes-votes'];

/** One run under these liars, with its account of who is convicted. */
function judgedRun(seed: number, scenario?: Scenario, judged = module) {
  const kept: { account?: Accountability; context?: WatcherContext } = {};
  let proofs = 0;
  const watch = (context: WatcherContext): Watcher => {
    const account = new Accountability(context);
    Object.assign(kept, { account, context });
    return account;
  };
  const count = (): Watcher => ({ proven: () => void proofs++ });
  const { violation } = simulate({
    seed,
    module: judged,
    behaviours,
    watchers: [watch, count],
    shape: { behaviours: LIES },
    ...(scenario && { scenario }),
  });
  const { account, context } = kept;
  if (account === undefined || context === undefined) throw new Error('the watcher was never made');
  const members = context.genesis.members;
  return { violation, account, context, proofs, totalWeight: members.reduce((sum, { weight }) => sum + weight, 0n) };
}

/** Nodes 0 and 1 lie; 2 and 3 are honest and hear the liars only. */
const divided = quietScenario({
  weights: [1_000n, 1_000n, 1_000n, 1_000n],
  byzantine: [0, 1],
  behaviours: FORKS,
  parameters: {
    ...DEFAULT_PARAMETERS,
    epochHeights: 12,
    targetIntervalMs: 100,
    minimumIntervalMs: 0,
    assumedDelayMs: 50,
  },
  faults: [{ atMs: 0, kind: 'eclipse', node: 2, by: [0, 1], forMs: 60_000 }],
  ending: { kind: 'height', height: 12, withinMs: 60_000 },
});

// Goal: whoever forks the chain is known by signature. Method: two of four lie to two who cannot hear each other.
test('I19: over the threshold every fork convicts a third of the weight or more, and no honest key', () => {
  let forks = 0;
  for (let seed = 1; seed <= 15; seed++) {
    const { violation, account, context, totalWeight } = judgedRun(seed, divided);
    for (const node of account.convictedNodes()) expect(context.scenario.byzantine, `seed ${seed}`).toContain(node);
    if (violation === undefined) continue;
    expect(violation.invariant, `seed ${seed}: ${violation.message}`).toBe('I1');
    forks++;
    expect(account.convictedWeight() * 3n, `seed ${seed}`).toBeGreaterThanOrEqual(totalWeight);
  }
  expect(forks).toBeGreaterThan(4);
}, 60_000);

test('I6: below the threshold evidence names liars only, and honest nodes find it themselves', () => {
  let proven = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const { violation, proofs } = judgedRun(seed);
    expect(violation, `seed ${seed}`).toBeUndefined();
    proven += proofs;
  }
  expect(proven).toBeGreaterThan(5);
}, 60_000);

test('I6 is noticed when an honest node loses what it signed: its own key is convicted', () => {
  const mutant = simplexPlug.mutants.find(({ syncsDisk }) => !syncsDisk);
  if (mutant === undefined) throw new Error('a mutant without durable log');
  const found = Array.from({ length: 200 }, (_, index) => index + 1).some((seed) => {
    const { violation } = simulate({
      seed,
      module: mutant.module,
      behaviours,
      watchers: [],
      shape: { behaviours: LIES },
      syncsDisk: false,
    });
    return violation?.invariant === 'I6';
  });
  expect(found).toBe(true);
}, 60_000);

test('a restored snapshot of the machine that votes all the same is shown by evidence', () => {
  const parameters = { ...DEFAULT_PARAMETERS, epochHeights: 12, targetIntervalMs: 100, assumedDelayMs: 50 };
  let shown = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const rolledBack = { atMs: 900 + 7 * seed, kind: 'rollback', node: 3, downMs: 1, records: 4 } as const;
    const { violation, account, proofs } = judgedRun(
      seed,
      quietScenario({
        weights: [1_000n, 1_000n, 1_000n, 1_000n],
        byzantine: [3],
        behaviours: [],
        parameters,
        faults: [rolledBack],
        ending: { kind: 'height', height: 20, withinMs: 60_000 },
      }),
      unasked,
    );
    expect(violation, `seed ${seed}`).toBeUndefined();
    for (const node of account.convictedNodes()) expect(node).toBe(3);
    if (proofs > 0) shown++;
  }
  expect(shown).toBeGreaterThan(0);
}, 60_000);
