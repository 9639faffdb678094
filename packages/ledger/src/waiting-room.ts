/**
 * Transactions that do not apply yet. Each stands on one of four shelves with bounds of their own, so that neither other kinds
 * nor signers that the state does not know can push out a Revoke of who may sign it.
 */
import { toHex } from '@radledger/primitives';
import type { SignedTransaction } from '@radledger/transactions';
import { cellsNeeded } from './mempool.js';

/** Why a transaction waits: `record`: one of the records that it needs is not there or names another signer. `time`: all else. */
export type WaitsFor = 'record' | 'time';

export interface WaitingTransaction {
  readonly id: string;
  readonly signed: SignedTransaction;
  readonly waitsFor: WaitsFor;
  /** Height of the newest finalized block when it was set aside. */
  readonly sinceHeight: number;
}

export interface ShelfLimits {
  readonly countMax: number;
  readonly bytesMax: number;
}

export const SHELF_LIMITS: ShelfLimits = { countMax: 512, bytesMax: 1024 * 1024 };

class Shelf {
  /** By source, each oldest first. */
  private readonly groups = new Map<string, Map<string, WaitingTransaction>>();
  private count = 0;
  private bytes = 0;

  constructor(private readonly limits: ShelfLimits) {}

  /** @returns what went to make room: the oldest of the source that takes most of it */
  add(entry: WaitingTransaction): readonly WaitingTransaction[] {
    const group = groupOf(entry);
    const members = this.groups.get(group) ?? new Map<string, WaitingTransaction>();
    this.groups.set(group, members.set(entry.id, entry));
    this.count += 1;
    this.bytes += entry.signed.bytes.length;
    const evicted: WaitingTransaction[] = [];
    while (this.count > this.limits.countMax || this.bytes > this.limits.bytesMax) {
      const oldest = this.oldestOfLargest();
      if (!oldest) break;
      this.remove(oldest);
      evicted.push(oldest);
    }
    return evicted;
  }

  remove(entry: WaitingTransaction): void {
    const group = groupOf(entry);
    const members = this.groups.get(group);
    if (!members?.delete(entry.id)) return;
    if (members.size === 0) this.groups.delete(group);
    this.count -= 1;
    this.bytes -= entry.signed.bytes.length;
  }

  private oldestOfLargest(): WaitingTransaction | undefined {
    let largest: ReadonlyMap<string, WaitingTransaction> | undefined;
    for (const members of this.groups.values()) if (!largest || members.size > largest.size) largest = members;
    const [oldest] = largest?.values() ?? [];
    return oldest;
  }
}

function groupOf({ signed }: WaitingTransaction): string {
  return toHex(signed.transaction.payload.source);
}

export class WaitingRoom {
  /** In order of arrival. */
  private readonly byId = new Map<string, WaitingTransaction>();
  private readonly shelves = new Map<string, Shelf>();
  /** Set aside since the last judgement: what they wait for may have come in the meantime. */
  private readonly fresh = new Set<string>();

  constructor(private readonly limits: ShelfLimits = SHELF_LIMITS) {}

  has(id: string): boolean {
    return this.byId.has(id);
  }

  all(): readonly WaitingTransaction[] {
    return [...this.byId.values()];
  }

  /** @returns what went to make room */
  add(entry: WaitingTransaction): readonly WaitingTransaction[] {
    this.take(entry.id);
    this.byId.set(entry.id, entry);
    this.fresh.add(entry.id);
    const evicted = this.shelfOf(entry).add(entry);
    for (const { id } of evicted) this.forget(id);
    return evicted;
  }

  take(id: string): WaitingTransaction | undefined {
    const entry = this.byId.get(id);
    if (!entry) return undefined;
    this.forget(id);
    this.shelfOf(entry).remove(entry);
    return entry;
  }

  /** What may apply now that these records changed and time has passed. */
  worthJudging(changedCells: ReadonlySet<string>): readonly WaitingTransaction[] {
    const worth = this.all().filter(
      ({ id, signed, waitsFor }) =>
        waitsFor === 'time' || this.fresh.has(id) || cellsNeeded(signed).some((cell) => changedCells.has(cell)),
    );
    this.fresh.clear();
    return worth;
  }

  /** Takes what can be in no block of `height` or later, and what has waited for `heightsMax`: a Revoke has no expiry height. */
  expire(height: number, heightsMax: number): readonly WaitingTransaction[] {
    const expired = this.all().filter(({ signed, sinceHeight }) => {
      const { expiryHeight } = signed.transaction;
      return (expiryHeight !== 0 && expiryHeight < height) || sinceHeight + heightsMax < height;
    });
    for (const { id } of expired) this.take(id);
    return expired;
  }

  private forget(id: string): void {
    this.byId.delete(id);
    this.fresh.delete(id);
  }

  private shelfOf({ signed, waitsFor }: WaitingTransaction): Shelf {
    const name = `${signed.transaction.kind === 'revoke-access' ? 'revoke' : 'other'}/${waitsFor}`;
    const shelf = this.shelves.get(name) ?? new Shelf(this.limits);
    this.shelves.set(name, shelf);
    return shelf;
  }
}
