/** Blocks above the newest final one, and which branch is the chain: of the latest justification, then the heaviest, then the first seen. */
import type { Block } from '@radledger/chain';
import { toHex } from '@radledger/primitives';
import type { PeerId } from '../module.js';
import type { SealedHeader } from './rules.js';

/** A block of the tree. */
export interface Branching extends SealedHeader {
  readonly key: string;
  /** Undefined for the root of a node that started on it. */
  readonly block: Block | undefined;
  /** Undefined for the root. */
  parent: Branching | undefined;
  readonly children: Branching[];
  /** Of the whole branch up to here. */
  readonly weight: bigint;
  /** Timestamp of the newest justified block of the branch up to here; 0 where nothing is ever justified. */
  justifiedMs: number;
  /** `waiting`: for its parent. */
  state: 'waiting' | 'verifying' | 'valid';
  /** Who sent it; undefined for this node's own. */
  readonly peer: PeerId | undefined;
  /** Times that its execution had to be asked for again. */
  retries: number;
}

export class Branches {
  private readonly nodes = new Map<string, Branching>();
  private bytes = 0;
  root: Branching;
  /** Heaviest block whose execution is known. */
  tip: Branching;

  constructor(root: SealedHeader) {
    this.root = rootOf(root);
    this.tip = this.root;
    this.nodes.set(this.root.key, this.root);
  }

  get size(): number {
    return this.nodes.size;
  }

  get bodyBytes(): number {
    return this.bytes;
  }

  get(id: Uint8Array): Branching | undefined {
    return this.nodes.get(toHex(id));
  }

  all(): Iterable<Branching> {
    return this.nodes.values();
  }

  add(
    parent: Branching,
    block: Block,
    given: {
      readonly witness: Uint8Array;
      readonly weight: bigint;
      readonly justifiedMs: number;
      readonly peer: PeerId | undefined;
    },
  ): Branching {
    const node: Branching = {
      header: block.header,
      id: block.id,
      key: toHex(block.id),
      block,
      witness: given.witness,
      parent,
      children: [],
      weight: parent.weight + given.weight,
      justifiedMs: given.justifiedMs,
      state: 'waiting',
      peer: given.peer,
      retries: 0,
    };
    parent.children.push(node);
    this.nodes.set(node.key, node);
    this.bytes += block.header.bodyBytes;
    return node;
  }

  /** Takes a block with all that stands on it. */
  remove(node: Branching): void {
    const { parent } = node;
    if (parent === undefined) return;
    parent.children.splice(parent.children.indexOf(node), 1);
    for (const gone of withDescendants(node)) this.forget(gone);
    if (!this.nodes.has(this.tip.key)) this.chooseTip();
  }

  /** From the root's child to the block. */
  path(to: Branching): Branching[] {
    const path: Branching[] = [];
    for (let at = to; at.parent !== undefined; at = at.parent) path.push(at);
    return path.reverse();
  }

  /** Whether `to` is a block or stands on it. */
  isOn(id: Uint8Array, to: Uint8Array): boolean {
    const wanted = this.get(id);
    if (wanted === undefined) return false;
    let at = this.get(to);
    while (at !== undefined && at.header.height > wanted.header.height) at = at.parent;
    return at === wanted;
  }

  /** Makes a block the root: what does not stand on it is gone. @returns whether the tip is another now */
  reroot(node: Branching): boolean {
    const before = this.tip;
    const kept = new Set(withDescendants(node));
    for (const other of [...this.nodes.values()]) if (!kept.has(other)) this.forget(other);
    node.parent = undefined;
    node.state = 'valid';
    node.justifiedMs = Math.max(node.justifiedMs, node.header.timestampMs);
    this.root = node;
    if (!this.nodes.has(this.tip.key)) this.chooseTip();
    return this.tip !== before;
  }

  /** Starts anew on a final block that is not in the tree. */
  restart(root: SealedHeader): void {
    this.nodes.clear();
    this.bytes = 0;
    this.root = rootOf(root);
    this.tip = this.root;
    this.nodes.set(this.root.key, this.root);
  }

  /** What the branch of a block shows: everything final is justified. */
  justifiedMsOf(node: Branching): number {
    return Math.max(node.justifiedMs, this.root.justifiedMs);
  }

  /** Takes the tip on if it is ahead. @returns whether the tip is another now */
  offer(node: Branching): boolean {
    if (!this.isAhead(node, this.tip)) return false;
    this.tip = node;
    return true;
  }

  isAheadOfTip(node: Branching): boolean {
    return this.isAhead(node, this.tip);
  }

  /** Whether a block or one that stands on it is ahead of the tip. */
  leadsAhead(node: Branching): boolean {
    return withDescendants(node).some((each) => this.isAheadOfTip(each));
  }

  /** Blocks to be executed next on an executed one: children of executed blocks. */
  waitingOn(node: Branching): readonly Branching[] {
    const found: Branching[] = [];
    const executed = [node];
    for (const each of executed) {
      for (const child of each.children) {
        if (child.state === 'valid') executed.push(child);
        else if (child.state === 'waiting') found.push(child);
      }
    }
    return found;
  }

  /** The end of a branch that is least likely to become the chain: what memory can spare. */
  lightestEnd(): Branching | undefined {
    let lightest: Branching | undefined;
    for (const node of this.nodes.values()) {
      if (node.children.length > 0 || node === this.tip || node === this.root) continue;
      if (lightest === undefined || this.isAhead(lightest, node)) lightest = node;
    }
    return lightest;
  }

  private isAhead(node: Branching, other: Branching): boolean {
    const [justifiedMs, others] = [this.justifiedMsOf(node), this.justifiedMsOf(other)];
    return justifiedMs === others ? node.weight > other.weight : justifiedMs > others;
  }

  private chooseTip(): void {
    this.tip = this.root;
    for (const node of this.nodes.values()) if (node.state === 'valid') this.offer(node);
  }

  private forget(node: Branching): void {
    this.nodes.delete(node.key);
    this.bytes -= node.block?.header.bodyBytes ?? 0;
  }
}

function rootOf(sealed: SealedHeader): Branching {
  return {
    ...sealed,
    key: toHex(sealed.id),
    block: undefined,
    parent: undefined,
    children: [],
    weight: 0n,
    justifiedMs: sealed.header.timestampMs,
    state: 'valid',
    peer: undefined,
    retries: 0,
  };
}

function withDescendants(node: Branching): Branching[] {
  const found = [node];
  for (const each of found) found.push(...each.children);
  return found;
}
