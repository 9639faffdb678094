/** The consensus modules that the local net can run on, by the name that a person gives: ids as `apps/node` knows them. */
import type { Parameters } from '@radledger/chain';
import { DevnetError } from './errors.js';

export interface ConsensusChoice {
  readonly moduleId: string;
  /** What four nodes on one machine need, so that the story ends within a minute or two. */
  readonly parameters: Partial<Parameters>;
}

/** Slots and blocks of a quarter of a second: finality takes a few of them. */
const SHORT_SLOTS = { targetIntervalMs: 250, clockPrecisionMs: 100, assumedDelayMs: 100 };

const CHOICES = {
  simplex: { moduleId: 'simplex/1', parameters: {} },
  'longest-chain': {
    moduleId: 'longest-chain/1',
    parameters: { ...SHORT_SLOTS, moduleSettings: [['depth', 4]] },
  },
  authority: { moduleId: 'authority/1', parameters: SHORT_SLOTS },
  work: {
    moduleId: 'work/1',
    parameters: {
      targetIntervalMs: 500,
      clockPrecisionMs: 250,
      assumedDelayMs: 100,
      moduleSettings: [
        ['depth', 6],
        // Four nodes with 6,400 hashes a second each, or what they can: the difficulty finds its way after 16 blocks.
        ['difficulty', 12_800],
        ['hashesPerStep', 64],
        ['stepMs', 10],
        ['windowHeights', 16],
      ],
    },
  },
} as const satisfies Readonly<Record<string, ConsensusChoice>>;

export const CONSENSUS_NAMES = Object.keys(CHOICES) as readonly (keyof typeof CHOICES)[];

/** @throws {DevnetError} `CONSENSUS_UNKNOWN` */
export function consensusNamed(name: string): ConsensusChoice {
  const known = CONSENSUS_NAMES.find((candidate) => candidate === name);
  if (known !== undefined) return CHOICES[known];
  throw new DevnetError({ code: 'CONSENSUS_UNKNOWN', name }, `expected one of ${CONSENSUS_NAMES.join(', ')}`);
}
