/** Which blocks of the tree are executed: those of a branch that would be the chain, from its lowest on. */
import type { BlockVerdict, Effect } from '../module.js';
import type { Branches, Branching } from './branches.js';

const RETRIES_MAX = 3;

export interface ExecutingPort {
  emit(effect: Effect): void;
  /** The block can never be valid. */
  refuse(node: Branching, code: string): void;
  /** Its body is not the header's. */
  mismatched(node: Branching): void;
}

export class Executing {
  constructor(private readonly port: ExecutingPort) {}

  /** Begins with whatever stands between the tree's executed part and ends that are ahead of the tip. */
  begin(tree: Branches, from: Branching = tree.root): void {
    for (const node of tree.waitingOn(from)) if (tree.leadsAhead(node)) this.verify(node);
  }

  /** A block was added. */
  placed(node: Branching, tree: Branches): void {
    if (!tree.isAheadOfTip(node)) return;
    const first = tree.path(node).find(({ state }) => state !== 'valid');
    if (first?.state === 'waiting') this.verify(first);
  }

  judged(node: Branching, verdict: BlockVerdict, tree: Branches): void {
    switch (verdict.kind) {
      case 'valid':
        return this.valid(node, tree);
      case 'invalid':
        tree.remove(node);
        return this.port.refuse(node, verdict.code);
      case 'mismatch':
        tree.remove(node);
        return this.port.mismatched(node);
      case 'notYet': {
        // The executor keeps a bounded number of effects: those of older blocks are asked for again.
        const { parent } = node;
        if (node.retries++ >= RETRIES_MAX || parent === undefined) return tree.remove(node);
        if (parent === tree.root) return this.verify(node);
        node.state = 'waiting';
        return this.verify(parent);
      }
    }
  }

  valid(node: Branching, tree: Branches): void {
    node.state = 'valid';
    tree.offer(node);
    this.begin(tree, node);
  }

  private verify(node: Branching): void {
    if (node.block === undefined) return;
    node.state = 'verifying';
    this.port.emit({ type: 'verify', block: node.block });
  }
}
