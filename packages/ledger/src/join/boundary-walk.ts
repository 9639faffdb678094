/** From a checkpoint to the newest boundary that any peer can prove. Spec: docs/spec/light-client.md, section 2. */
import {
  BOUNDARIES_MAX,
  type Boundary,
  boundaryOfCheckpoint,
  type BoundaryRecord,
  type Checkpoint,
  decodeBoundaries,
  followBoundary,
  type LightRules,
  validateCheckpointAge,
} from '@radledger/chain';
import type { PeerId } from '@radledger/network';
import { encodeBoundariesRequest } from '../snapshot-messages.js';
import { TOPICS } from '../topics.js';
import type { Asking } from './asking.js';

export interface WalkedBoundary {
  readonly boundary: Boundary;
  readonly record: BoundaryRecord;
}

export interface BoundaryWalk {
  /** From the checkpoint's on, ascending. */
  readonly walked: readonly WalkedBoundary[];
  /**
   * Asks every peer for what comes next, until none has more.
   * @throws {ChainError} `CHECKPOINT_TOO_OLD`
   */
  advance(): Promise<void>;
  at(height: number): WalkedBoundary | undefined;
}

export function createBoundaryWalk(options: {
  readonly checkpoint: Checkpoint;
  readonly rules: LightRules;
  readonly asking: Asking;
  readonly answerBytesMax: number;
  readonly now: () => number;
  readonly checkpointAgeMaxMs?: number;
}): BoundaryWalk {
  const { checkpoint, rules, asking, now, checkpointAgeMaxMs } = options;
  const walked: WalkedBoundary[] = [];

  async function accept(record: BoundaryRecord): Promise<void> {
    const trusted = walked.at(-1)?.boundary;
    const boundary = trusted
      ? await followBoundary(trusted, record, rules)
      : boundaryOfCheckpoint(record, checkpoint, rules);
    walked.push({ boundary, record });
  }

  /** Asks one peer for more. @returns whether it had more, and true */
  async function advanceWith(peer: PeerId): Promise<boolean> {
    const newest = walked.at(-1)?.boundary.epoch.epoch;
    const fromEpoch = newest === undefined ? checkpoint.height / rules.epochHeights : newest + 1;
    const before = walked.length;
    await asking.ask(
      peer,
      TOPICS.boundaries,
      encodeBoundariesRequest({ fromEpoch, limit: BOUNDARIES_MAX }),
      async (answer) => {
        for (const record of decodeBoundaries(answer, { bytesMax: options.answerBytesMax })) await accept(record);
      },
    );
    return walked.length > before;
  }

  return {
    walked,
    async advance() {
      for (let isMore = true; isMore; ) {
        isMore = false;
        for (const peer of asking.peers()) while (await advanceWith(peer)) isMore = true;
      }
      const [first] = walked;
      if (!first) return;
      const ageMaxMs = checkpointAgeMaxMs === undefined ? {} : { ageMaxMs: checkpointAgeMaxMs };
      validateCheckpointAge(first.boundary.header, { nowMs: now(), ...ageMaxMs });
    },
    at: (height) => walked.find(({ boundary }) => boundary.header.height === height),
  };
}
