/** Where a node dies: drawn from one seed, printed with every failure. */
import { hash } from '@radledger/primitives';

export interface KillPoint {
  /** `batch`: the store's commit; `sync`: the sign-log's fsync, which every vote waits for. */
  readonly operation: Operation;
  readonly moment: 'before' | 'during' | 'after';
  /** At which such operation of the process' life. */
  readonly count: number;
}

type Operation = 'batch' | 'sync' | 'read' | 'write' | 'rename';

const OPERATIONS: readonly Operation[] = ['batch', 'sync'];
/** What a gateway does, and at most how many of it are let pass first: about what a study needs. */
const GATEWAY_OPERATIONS = {
  hospital: [
    ['batch', 10],
    ['sync', 8],
    ['read', 200],
  ],
  practice: [
    ['batch', 10],
    ['sync', 8],
    ['write', 8],
    ['read', 12],
    ['rename', 2],
  ],
  // Renames nothing: drawn once, it would live for ever.
  practiceWithArchive: [
    ['batch', 10],
    ['sync', 8],
    ['write', 8],
    ['read', 12],
  ],
} as const;
const MOMENTS = ['before', 'during', 'after'] as const;

/** The kill point number `index` of a seed. */
export function killPoint(seed: number, index: number): KillPoint {
  const [operation = 0, moment = 0, count = 0] = hash('radledger/kill-point/1', seed, index);
  return {
    operation: OPERATIONS[operation % OPERATIONS.length] as Operation,
    moment: MOMENTS[moment % MOMENTS.length] as KillPoint['moment'],
    count: 1 + (count % 12),
  };
}

/** The kill point number `index` of a gateway. */
export function gatewayKillPoint(
  seed: number,
  { name, kind }: { readonly name: string; readonly kind: keyof typeof GATEWAY_OPERATIONS },
  index: number,
): KillPoint {
  const [which = 0, moment = 0, drawn = 0] = hash('radledger/gateway-kill-point/1', seed, name, index);
  const operations = GATEWAY_OPERATIONS[kind];
  const [operation, passedMax] = operations[which % operations.length] ?? operations[0];
  return { operation, moment: MOMENTS[moment % MOMENTS.length] ?? 'before', count: 1 + (drawn % passedMax) };
}
