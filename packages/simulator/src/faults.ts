/** What breaks in a run, when, and for how long. */
import type { SimNetwork } from './sim-network.js';
import type { SimNode } from './sim-node.js';

/** Times are virtual ms. Nodes that a fault makes unfit to vote (`damaged-log`, `clock` by far, `rollback`, `lost-fsync`) are
 *  outside the core; `rollback` and `lost-fsync` break what safety rests on and befall liars only. */
export type Fault = { readonly atMs: number } & (
  | { readonly kind: 'crash'; readonly node: number; readonly downMs: number; readonly portCalls: number }
  /** Every node stops at once. */
  | { readonly kind: 'blackout'; readonly downMs: number }
  /** Nodes by side. One-way: side 0 hears side 1 but not the other way. */
  | { readonly kind: 'partition'; readonly sides: readonly number[]; readonly oneWay: boolean; readonly forMs: number }
  /** A node hears and reaches these only. */
  | { readonly kind: 'eclipse'; readonly node: number; readonly by: readonly number[]; readonly forMs: number }
  /** A clock jumps, and back. */
  | { readonly kind: 'clock'; readonly node: number; readonly byMs: number; readonly forMs: number }
  /** Nothing can be written: the node stops, and starts when there is room again. */
  | { readonly kind: 'disk-full'; readonly node: number; readonly forMs: number }
  /** A bit of the sign-log flips while the node is down: its checksum says so, and the log counts as missing. */
  | { readonly kind: 'damaged-log'; readonly node: number; readonly downMs: number }
  /** The sign-log goes back to what it was a while ago: a restored snapshot of the machine. */
  | { readonly kind: 'rollback'; readonly node: number; readonly downMs: number; readonly records: number }
  /** The disk says that it has synced, and has not. */
  | { readonly kind: 'lost-fsync'; readonly node: number; readonly forMs: number }
);

/** What faults are done to. */
export interface Breakable {
  readonly network: SimNetwork;
  readonly nodes: readonly SimNode[];
  /** Runs after this virtual time, unless the faults have ended before. */
  readonly later: (delayMs: number, run: () => void) => void;
}

export function strike(fault: Fault, { network, nodes, later }: Breakable): void {
  const nodeOf = ({ node }: { readonly node: number }): SimNode => nodes[node] as SimNode;
  const restart = (node: SimNode): void => {
    if (!node.isUp) node.start();
  };
  switch (fault.kind) {
    case 'partition': {
      const { sides, oneWay } = fault;
      const end = network.cut((from, to) => sides[from] !== sides[to] && !(oneWay && sides[from] === 1));
      return later(fault.forMs, end);
    }
    case 'eclipse': {
      const { node, by } = fault;
      const isCut = (one: number, other: number): boolean => one === node && !by.includes(other);
      return later(
        fault.forMs,
        network.cut((from, to) => isCut(from, to) || isCut(to, from)),
      );
    }
    case 'blackout':
      for (const node of nodes) node.crash();
      return later(fault.downMs, () => nodes.forEach(restart));
    case 'crash': {
      const node = nodeOf(fault);
      node.crashAfter(fault.portCalls);
      return later(fault.downMs, () => {
        node.crash();
        node.start();
      });
    }
    case 'clock': {
      const node = nodeOf(fault);
      node.skewMs += fault.byMs;
      return later(fault.forMs, () => void (node.skewMs -= fault.byMs));
    }
    case 'disk-full': {
      const { disk } = nodeOf(fault);
      disk.isFull = true;
      return later(fault.forMs, () => {
        disk.isFull = false;
        restart(nodeOf(fault));
      });
    }
    case 'damaged-log':
    case 'rollback': {
      const node = nodeOf(fault);
      node.crash();
      if (fault.kind === 'rollback') node.disk.rollBack(fault.records);
      else node.disk.damage();
      return later(fault.downMs, () => restart(node));
    }
    case 'lost-fsync': {
      const { disk } = nodeOf(fault);
      disk.losesSyncs = true;
      return later(fault.forMs, () => void (disk.losesSyncs = false));
    }
  }
}
