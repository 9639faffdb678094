import { Violation } from '../violation.js';
import type { Watcher, WatcherContext } from '../watcher.js';

/**
 * I11: timestamps of final blocks rise by Tmin and 1 ms at least, and none lies further ahead of true time than the clocks of
 * honest voters and their precision allow.
 */
export function createTimestamps(context: WatcherContext): Watcher {
  const { scenario, honest } = context;
  const { minimumIntervalMs, clockPrecisionMs } = scenario.parameters;
  const jumps = scenario.faults.flatMap((fault) => (fault.kind === 'clock' && fault.byMs > 0 ? [fault.byMs] : []));
  const fastestMs = Math.max(0, ...honest.map((node) => scenario.skewMs[node] ?? 0));
  const aheadMs = clockPrecisionMs + fastestMs + jumps.reduce((sum, byMs) => sum + byMs, 0);
  const known = new Map<number, number>([[0, 0]]);

  return {
    finalizing(_, blocks) {
      for (const { block } of blocks) {
        const { height, timestampMs } = block.header;
        if (known.has(height)) continue;
        known.set(height, timestampMs);
        const parentMs = known.get(height - 1);
        if (parentMs !== undefined && timestampMs < parentMs + Math.max(1, minimumIntervalMs)) {
          throw new Violation('I11', `block ${height} is ${timestampMs - parentMs} ms after its parent`);
        }
        if (timestampMs > context.now() + aheadMs) {
          throw new Violation('I11', `block ${height} is ${timestampMs - context.now()} ms ahead of true time`);
        }
      }
    },
  };
}
