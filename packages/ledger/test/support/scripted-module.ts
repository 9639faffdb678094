/** A forking module that does what a test says, effect by effect, and remembers what it was told. */
import {
  type ConsensusModule,
  type Effect,
  EMPTY_REGISTRY,
  type FinalizedState,
  type Input,
} from '@radledger/consensus';

const PUMP_MS = 2;

export interface Script {
  readonly module: ConsensusModule;
  readonly inputs: readonly Input[];
  readonly start: () => FinalizedState;
  /** Carried out within a few milliseconds. */
  play(...effects: readonly Effect[]): void;
}

export function scripted(): Script {
  const inputs: Input[] = [];
  const queue: Effect[] = [];
  let start: FinalizedState | undefined;
  const pump = (now: number): Effect => ({ type: 'set-timer', id: 'pump', atMs: now + PUMP_MS });
  const module: ConsensusModule = {
    id: 'test-scripted/1',
    sealKind: 200,
    caps: { finality: 'depth', reorganises: true, dutyEvidence: 'none' },
    evidence: EMPTY_REGISTRY,
    checkParameters: () => undefined,
    create: () => ({
      step(input) {
        inputs.push(input);
        if (input.type === 'start') start = input.finalized;
        if (input.type !== 'start' && input.type !== 'timer') return [];
        return [...queue.splice(0), pump(input.now)];
      },
      status: () => ({ epoch: 0, view: 0, finalizedHeight: 0, voting: { allowed: true } }),
      neededRecords: () => [],
    }),
    claims: () => ({ epoch: undefined, claims: [] }),
    sealClaims: () => [],
    finalityClaims: () => [],
    checkBody: () => undefined,
    randomnessOf: () => undefined,
    dutiesOf: () => [],
  };
  return {
    module,
    inputs,
    start: () => {
      if (start === undefined) throw new Error('the node has started');
      return start;
    },
    play: (...effects) => void queue.push(...effects),
  };
}
