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
  later(delayMs: number, run: () => void): void;
}

export function strike(fault: Fault, { network, nodes, later }: Breakable): void {
  const restart = (node: SimNode, downMs: number): void => {
    later(downMs, () => {
      if (!node.isUp) node.start();
    });
  };
  switch (fault.kind) {
    case 'partition': {
      const { sides, oneWay } = fault;
      const end = network.cut((from, to) => sides[from] !== sides[to] && !(oneWay && sides[from] === 1));
      return later(fault.forMs, end);
    }
    case 'eclipse': {
      const { node, by } = fault;
      const cutOff = (one: number, other: number): boolean => one === node && !by.includes(other);
      const end = network.cut((from, to) => cutOff(from, to) || cutOff(to, from));
      return later(fault.forMs, end);
    }
    case 'blackout':
      for (const node of nodes) {
        node.crash();
        restart(node, fault.downMs);
      }
      return;
  }
  const node = nodes[fault.node] as SimNode;
  switch (fault.kind) {
    case 'crash':
      node.crashAfter(fault.portCalls);
      return later(fault.downMs, () => {
        node.crash();
        node.start();
      });
    case 'clock':
      node.skewMs += fault.byMs;
      return later(fault.forMs, () => void (node.skewMs -= fault.byMs));
    case 'disk-full':
      node.disk.isFull = true;
      return later(fault.forMs, () => {
        node.disk.isFull = false;
        if (!node.isUp) node.start();
      });
    case 'damaged-log':
      node.crash();
      node.disk.damage();
      return restart(node, fault.downMs);
    case 'rollback':
      node.crash();
      node.disk.rollBack(fault.records);
      return restart(node, fault.downMs);
    case 'lost-fsync':
      node.disk.losesSyncs = true;
      return later(fault.forMs, () => void (node.disk.losesSyncs = false));
  }
}
