import type { Header, Parameters } from '@radledger/chain';
import { ConsensusError, type ConsensusModule } from '@radledger/consensus';
import { createForkChoiceModule, type Settings, unsuitable } from '@radledger/consensus/fork-choice';
import { WorkProducer } from './producer.js';
import { decodeNonce, decodeSeal, DIFFICULTY_MAX, provesWork, type Retargeting, SEAL_KIND, sealAfter } from './seal.js';

/** Within an epoch a reader without its blocks believes a difficulty that fell to a quarter, and none that fell further. */
const FALL_MAX = 4;

/**
 * Proof of work, for comparison: whoever finds a nonce makes the next block, the branch with most work is the chain, and a block
 * is final once `depth` blocks stand on it. `figures.hashes` counts what it costs. Spec: docs/spec/work.md.
 */
export const work: ConsensusModule = createForkChoiceModule({
  id: 'work/1',
  sealKind: SEAL_KIND,
  dutyEvidence: 'none',
  settings: {
    depth: { min: 1, max: 128, default: 12 },
    difficulty: { min: 1, max: DIFFICULTY_MAX, default: 65_536 },
    windowHeights: { min: 1, max: 10_000, default: 32 },
    hashesPerStep: { min: 1, max: 100_000, default: 256 },
    stepMs: { min: 1, max: 60_000, default: 10 },
  },
  finality: { depth: ({ depth }) => depth as number },
  checkParameters({ parameters: { targetIntervalMs, minimumIntervalMs } }) {
    if (minimumIntervalMs >= targetIntervalMs) throw unsuitable('minimumIntervalMs', `less than ${targetIntervalMs}`);
  },
  checkSeal(header) {
    decodeSeal(header);
    return [];
  },
  checkWitness({ header, id, witness }) {
    if (provesWork(id, decodeNonce(witness), decodeSeal(header).difficulty)) return [];
    throw new ConsensusError({ code: 'NO_WORK' }, 'expected a nonce that proves the work of the seal');
  },
  checkLink(parent, child, { parameters, settings }) {
    const seal = decodeSeal(child);
    const expected = sealAfter(parent, retargeting(parameters, settings));
    const proven =
      parent.height === 0
        ? seal.parentNonce === 0
        : provesWork(child.parentId, seal.parentNonce, decodeSeal(parent).difficulty);
    const fits = seal.difficulty === expected.difficulty && seal.windowStartMs === expected.windowStartMs;
    if (fits && proven && child.timestampMs > parent.timestampMs) return;
    throw new ConsensusError(
      { code: 'WRONG_BLOCK' },
      `expected a proven parent and the difficulty ${expected.difficulty}`,
    );
  },
  checkDistant(headers, trusted, { settings }) {
    const difficulty = trusted.height === 0 ? (settings['difficulty'] as number) : decodeSeal(trusted).difficulty;
    if (headers.every((header) => decodeSeal(header).difficulty * FALL_MAX >= difficulty)) return;
    throw new ConsensusError({ code: 'NO_WORK' }, 'expected at least a quarter of the difficulty that is trusted');
  },
  weightOf: (header: Header) => BigInt(decodeSeal(header).difficulty),
  randomnessOf: () => undefined,
  dutiesOf: () => [],
  createProducer: (port) => new WorkProducer(port, retargeting(port.context.parameters, port.settings)),
});

function retargeting({ targetIntervalMs }: Parameters, { difficulty, windowHeights }: Settings): Retargeting {
  return { difficultyAtStart: difficulty as number, windowHeights: windowHeights as number, targetIntervalMs };
}
