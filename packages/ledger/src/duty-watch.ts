/** What this node makes of the duty ledger at each boundary: turns in its mempool, and an alarm. Spec: docs/spec/duties.md, sections 7 and 8. */
import { cellKey, cellPrefix, decodeDutyCell, decodeViewsCell, sourceOfCellName } from '@radledger/chain';
import { toHex } from '@radledger/primitives';
import type { LedgerStore } from '@radledger/storage';
import type { LedgerLogger } from './logger.js';

/** Basis points from which a source is clear, and the floor below which no source's turns are rarer. */
const CLEAR = 9_500;
const PRIORITY_MIN = 2_500;
export const PRIORITY_MAX = 10_000;
/** The handover guard is an alarm from so many epochs in a row on. */
const CONTINUED_ALARM = 3;

export interface DutyWatch {
  /** How often a source (hex id) has its turn, in basis points of the turns of others: 2,500 to 10,000. */
  priorityOf(source: string): number;
  /** Reads the duty records of the newest finalized state. */
  look(): Promise<void>;
}

export function createDutyWatch(
  store: Pick<LedgerStore, 'scan' | 'getMany'>,
  logger: Pick<LedgerLogger, 'error'>,
): DutyWatch {
  let priorities: ReadonlyMap<string, number> = new Map();
  return {
    priorityOf: (source) => priorities.get(source) ?? PRIORITY_MAX,
    async look() {
      const [records, [views]] = await Promise.all([store.scan(cellPrefix.duty), store.getMany([cellKey.views])]);
      priorities = new Map(
        records.flatMap(([name, value]) => {
          const [source, { reliability }] = [sourceOfCellName(name), decodeDutyCell(value)];
          return source && reliability < CLEAR ? [[toHex(source), Math.max(PRIORITY_MIN, reliability)] as const] : [];
        }),
      );
      const continued = views ? decodeViewsCell(views).continued : 0;
      if (continued >= CONTINUED_ALARM) {
        const message =
          'the voters chosen for the next epoch give no sign of life: the old ones go on. Call the sources';
        logger.error({ code: 'HANDOVER_HELD', epochs: continued }, message);
      }
    },
  };
}
