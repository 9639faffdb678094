import { leaderOf } from '@radledger/consensus';
import { hash, toHex } from '@radledger/primitives';
import { Violation } from '../violation.js';
import type { Watcher, WatcherContext } from '../watcher.js';

/** First views of an epoch whose leaders are compared: a draw depends on its view by a hash alone. */
const VIEWS = 8;

/** I7: whoever knows an epoch knows the same voters, the same seed and the same leaders, however it came to know them. */
export function createLeaders(context: WatcherContext): Watcher {
  const { chainId } = context.genesis;
  const agreed = new Map<number, { readonly digest: string; readonly node: number }>();
  const compared = new Map<number, number>();

  function compare(node: number): void {
    const { nextEpoch, epoch: current } = context.node(node).chain.state();
    const epoch = nextEpoch ?? current;
    if (compared.get(node) === epoch.epoch) return;
    compared.set(node, epoch.epoch);
    const leaders = Array.from({ length: VIEWS }, (_, view) => leaderOf(chainId, epoch, view + 1).source);
    const digest = toHex(hash('sim/leaders', epoch.committeeRoot, epoch.seed, leaders));
    const known = agreed.get(epoch.epoch);
    if (known === undefined) agreed.set(epoch.epoch, { digest, node });
    else if (known.digest !== digest) {
      throw new Violation('I7', `nodes ${known.node} and ${node} do not agree who leads in epoch ${epoch.epoch}`);
    }
  }

  const all = (): void => context.honest.forEach(compare);
  return { finalizing: compare, sampled: all, ended: all };
}
