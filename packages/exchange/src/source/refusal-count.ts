/** Keeps strangers from filling the audit trail: so many refusals a minute have a line of their own, the others share one. */
import { randomBytes, toHex } from '@radledger/primitives';
import type { Audit } from '../audit/audit-trail.js';

const WINDOW_MS = 60_000;
/** Refusals of one minute with a line of their own. */
export const REFUSALS_RECORDED_MAX = 60;

export interface RefusalCount {
  /** Whether one more refusal may have its own line; else it is counted. */
  admit(): boolean;
  /** Counts a refusal of somebody whose signature did not hold, or who asked too often. */
  count(): void;
  /** Writes what was counted. */
  close(): Promise<void>;
}

export function createRefusalCount(options: {
  readonly audit: Audit;
  readonly endpointUrl: string;
  readonly onFailure: (error: unknown) => void;
}): RefusalCount {
  const { audit, endpointUrl, onFailure } = options;
  let recorded = 0;
  let counted = 0;
  let timer: NodeJS.Timeout | undefined;

  const endWindow = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    recorded = 0;
    const refusals = counted;
    if (refusals === 0) return;
    try {
      await audit.record({
        side: 'source',
        transaction: 'ITI-43',
        phase: 'refused',
        outcome: 'failure',
        id: toHex(randomBytes(16)),
        requestDigest: '',
        endpointUrl,
        reader: '',
        documents: [],
        code: 'FURTHER_REFUSALS',
        refusals,
      });
      counted -= refusals;
    } catch (error) {
      // They stay counted, and stand in the next line that can be written.
      onFailure(error);
    }
  };
  const begin = (): void => {
    timer ??= setTimeout(() => void endWindow(), WINDOW_MS).unref();
  };

  return {
    admit() {
      begin();
      if (recorded < REFUSALS_RECORDED_MAX) {
        recorded += 1;
        return true;
      }
      counted += 1;
      return false;
    },
    count() {
      begin();
      counted += 1;
    },
    close: endWindow,
  };
}
