/** Where a node dies: drawn from one seed, printed with every failure. */
import { hash } from '@radledger/primitives';

export interface KillPoint {
  /** `batch`: the store's commit; `sync`: the sign-log's fsync, which every vote waits for. */
  readonly operation: 'batch' | 'sync';
  readonly moment: 'before' | 'during' | 'after';
  /** At which such operation of the process' life. */
  readonly count: number;
}

const OPERATIONS = ['batch', 'sync'] as const;
const MOMENTS = ['before', 'during', 'after'] as const;

/** The kill point number `index` of a seed. */
export function killPoint(seed: number, index: number): KillPoint {
  const [operation = 0, moment = 0, count = 0] = hash('radledger/kill-point/1', seed, index);
  return {
    operation: OPERATIONS[operation % OPERATIONS.length] as KillPoint['operation'],
    moment: MOMENTS[moment % MOMENTS.length] as KillPoint['moment'],
    count: 1 + (count % 12),
  };
}
