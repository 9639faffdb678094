import { Violation } from '../violation.js';
import type { Watcher, WatcherContext } from '../watcher.js';

/** I6, the other half: nothing that anyone sends makes an honest node charge another honest one. */
export function createNoFalseCharge(context: WatcherContext): Watcher {
  return {
    reported(node, { code, offender }) {
      const charged = offender === undefined ? undefined : context.nodeOf(offender);
      if (charged !== undefined && context.honest.includes(charged)) {
        throw new Violation('I6', `node ${node} charges honest node ${charged} with ${code}`);
      }
    },
  };
}
