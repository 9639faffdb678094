/**
 * Transactions that wait for a block, in lanes with bounds of their own (design D10).
 *
 * A lane is bounded in count and bytes and served round-robin over its groups (the source for what spends a source's quota, the
 * signer for Revoke), so neither a source nor an owner can crowd out another, and nothing can crowd out Revoke.
 */
import { toHex } from '@radledger/primitives';
import type { SignedTransaction, TransactionKind } from '@radledger/transactions';
import { PRIORITY_MAX } from './duty-watch.js';
import { LedgerError } from './errors.js';

export type Lane = 'revoke' | 'allow' | 'study' | 'source' | 'rest';

/** Bounds of one lane. */
export interface LaneLimits {
  readonly countMax: number;
  readonly bytesMax: number;
}

export interface MempoolLimits {
  readonly lanes: Readonly<Record<Lane, LaneLimits>>;
  /** Most waiting transactions of one signer on one record (study, or source for records of a source). Revoke is not counted. */
  readonly perCellMax: number;
}

export const defaultMempoolLimits: MempoolLimits = {
  lanes: {
    revoke: { countMax: 8_192, bytesMax: 4 * 1024 * 1024 },
    allow: { countMax: 16_384, bytesMax: 8 * 1024 * 1024 },
    study: { countMax: 16_384, bytesMax: 8 * 1024 * 1024 },
    source: { countMax: 512, bytesMax: 1024 * 1024 },
    rest: { countMax: 512, bytesMax: 2 * 1024 * 1024 },
  },
  perCellMax: 64,
};

/** The share of a block that each lane is served first, in thousandths; what a lane leaves over goes to the others in this order. */
const SHARES: readonly (readonly [Lane, number])[] = [
  ['revoke', 250],
  ['allow', 400],
  ['study', 250],
  ['source', 50],
  ['rest', 50],
];

/** Reports about one source and epoch that wait: more than there are kinds of misconduct. */
const REPORTS_PER_CELL_MAX = 16;

export interface PendingTransaction {
  readonly signed: SignedTransaction;
  readonly id: string;
  readonly lane: Lane;
  /** Who shares a queue: hex source id, or hex signer in the Revoke lane and of an Attest. */
  readonly group: string;
  /** The record that it changes: `study/<source>/<studyId>` or `source/<id>`, in hex. */
  readonly cell: string;
  /** What `perCellMax` counts together: record and signer; undefined for Revoke. */
  readonly share: string | undefined;
  /** Order of arrival at this node. */
  readonly sequence: number;
}

const LANE_OF: Readonly<Record<TransactionKind, Lane>> = {
  'define-source': 'source',
  'move-source': 'source',
  'rotate-key': 'source',
  'define-study': 'study',
  'amend-study': 'study',
  'retire-study': 'study',
  'allow-access': 'allow',
  'set-delegate': 'allow',
  'move-owner': 'allow',
  'revoke-access': 'revoke',
  'report-misconduct': 'rest',
  attest: 'rest',
  resume: 'rest',
};

/** The record that a Report Misconduct changes. */
export function misconductRecord(source: Uint8Array, epoch: number): string {
  return `misconduct/${toHex(source)}/${epoch}`;
}

/** The names of the records that a transaction needs: its source, and its study or what the source did in an epoch. The last is
 *  the one it changes. */
export function cellsNeeded(signed: SignedTransaction): readonly string[] {
  const { payload } = signed.transaction;
  const source = toHex(payload.source);
  const needed = [`source/${source}`];
  if ('evidence' in payload) needed.push(misconductRecord(payload.source, payload.epoch));
  if ('studyId' in payload) needed.push(`study/${source}/${toHex(payload.studyId)}`);
  return needed;
}

/** The name of the record that a transaction changes. */
export function cellChanged(signed: SignedTransaction): string {
  return cellsNeeded(signed).at(-1) ?? '';
}

class LaneQueue {
  /** Insertion order of the map is the order of service; a served group moves to the end. */
  readonly groups = new Map<string, PendingTransaction[]>();
  count = 0;
  bytes = 0;

  add(entry: PendingTransaction): void {
    const queue = this.groups.get(entry.group);
    if (queue) queue.push(entry);
    else this.groups.set(entry.group, [entry]);
    this.count += 1;
    this.bytes += entry.signed.bytes.length;
  }

  remove(entry: PendingTransaction): void {
    const queue = this.groups.get(entry.group);
    const index = queue?.indexOf(entry) ?? -1;
    if (!queue || index < 0) return;
    queue.splice(index, 1);
    if (queue.length === 0) this.groups.delete(entry.group);
    this.count -= 1;
    this.bytes -= entry.signed.bytes.length;
  }

  largestGroup(): PendingTransaction[] | undefined {
    let largest: PendingTransaction[] | undefined;
    for (const queue of this.groups.values()) if (!largest || queue.length > largest.length) largest = queue;
    return largest;
  }

  /**
   * Entries by turns over the groups, oldest first within each. A group of priority p has its first turn like any other, and
   * after that p of 10,000 turns.
   */
  *byTurns(priorityOf: PriorityOf): Generator<PendingTransaction> {
    let queues = [...this.groups].map(([group, entries]) => ({ entries, priority: priorityOf(group), next: 0 }));
    for (let turn = 0; queues.length > 0; turn += 1) {
      for (const queue of queues) {
        if (Math.ceil(((turn + 1) * queue.priority) / PRIORITY_MAX) <= queue.next) continue;
        const entry = queue.entries[queue.next++];
        if (entry) yield entry;
      }
      queues = queues.filter(({ entries, next }) => next < entries.length);
    }
  }

  /** Puts the groups that were served behind those that were not. */
  rotate(served: ReadonlySet<string>): void {
    for (const group of served) {
      const queue = this.groups.get(group);
      if (!queue) continue;
      this.groups.delete(group);
      this.groups.set(group, queue);
    }
  }
}

export interface Mempool {
  readonly size: number;
  readonly bytes: number;
  has(id: string): boolean;
  get(id: string): PendingTransaction | undefined;
  /** Waiting transactions that change this record: what depends on one may be admitted before it is finalized. */
  on(cell: string): Iterable<PendingTransaction>;
  /**
   * Adds an admitted transaction. A full lane drops the newest entry of its largest group, unless the newcomer belongs to it.
   * @returns what was dropped to make room
   * @throws {LedgerError} `MEMPOOL_FULL` | `MEMPOOL_CELL_FULL`
   */
  add(signed: SignedTransaction): readonly PendingTransaction[];
  remove(id: string): PendingTransaction | undefined;
  /** Waiting transactions that change one of these records. */
  changing(cells: ReadonlySet<string>): readonly PendingTransaction[];
  /** Removes what can no longer be in a block of `height` or later. */
  expire(height: number): readonly PendingTransaction[];
  /** Candidates for one block: lane shares first, then whatever fits. `except` leaves out what unfinalized ancestors hold. */
  candidates(bytesMax: number, except: (id: string) => boolean): readonly PendingTransaction[];
  /** Whether a transaction waits that `except` does not leave out. */
  hasOther(except: (id: string) => boolean): boolean;
  /** Every waiting transaction in order of arrival. */
  all(): readonly PendingTransaction[];
}

/** How often a group has its turn, in basis points: above 0, at most 10,000. */
export type PriorityOf = (group: string) => number;

const always: PriorityOf = () => PRIORITY_MAX;

/** @param priorityOf - by source id (hex); revocations and what is rare have their turns whatever it says */
export function createMempool(limits: MempoolLimits = defaultMempoolLimits, priorityOf: PriorityOf = always): Mempool {
  const byId = new Map<string, PendingTransaction>();
  const byCell = new Map<string, Set<PendingTransaction>>();
  const countOf = new Map<string, number>();
  const lanes: Record<Lane, LaneQueue> = {
    revoke: new LaneQueue(),
    allow: new LaneQueue(),
    study: new LaneQueue(),
    source: new LaneQueue(),
    rest: new LaneQueue(),
  };
  let arrivals = 0;

  function remove(id: string): PendingTransaction | undefined {
    const entry = byId.get(id);
    if (!entry) return undefined;
    byId.delete(id);
    lanes[entry.lane].remove(entry);
    const others = byCell.get(entry.cell);
    others?.delete(entry);
    if (others?.size === 0) byCell.delete(entry.cell);
    if (entry.share !== undefined) {
      const left = (countOf.get(entry.share) ?? 1) - 1;
      if (left === 0) countOf.delete(entry.share);
      else countOf.set(entry.share, left);
    }
    return entry;
  }

  function makeRoom(lane: Lane, group: string, bytes: number): PendingTransaction[] {
    const queue = lanes[lane];
    const { countMax, bytesMax } = limits.lanes[lane];
    const dropped: PendingTransaction[] = [];
    while (queue.count + 1 > countMax || queue.bytes + bytes > bytesMax) {
      const largest = queue.largestGroup();
      const newest = largest?.at(-1);
      if (
        !largest ||
        !newest ||
        newest.group === group ||
        largest.length <= (queue.groups.get(group)?.length ?? 0) + 1
      ) {
        throw new LedgerError(
          { code: 'MEMPOOL_FULL', lane },
          `no room for another ${lane} transaction: send it again later`,
        );
      }
      remove(newest.id);
      dropped.push(newest);
    }
    return dropped;
  }

  return {
    get size() {
      return byId.size;
    },
    get bytes() {
      return Object.values(lanes).reduce((sum, lane) => sum + lane.bytes, 0);
    },
    has: (id) => byId.has(id),
    get: (id) => byId.get(id),
    on: (cell) => byCell.get(cell) ?? [],
    add(signed) {
      const id = toHex(signed.txId);
      if (byId.has(id)) return [];
      const { kind, signer, payload } = signed.transaction;
      const lane = LANE_OF[kind];
      // An authority attests many sources: it is one that sends, and gets one turn.
      const group = toHex(lane === 'revoke' || kind === 'attest' ? signer : payload.source);
      const cell = cellChanged(signed);
      // Anyone may report the same misconduct under any key: those share one record's room.
      const isReport = kind === 'report-misconduct';
      const share = lane === 'revoke' ? undefined : isReport ? cell : `${cell}/${toHex(signer)}`;
      const shareMax = isReport ? REPORTS_PER_CELL_MAX : limits.perCellMax;
      if (share !== undefined && (countOf.get(share) ?? 0) >= shareMax) {
        throw new LedgerError(
          { code: 'MEMPOOL_CELL_FULL', waitingMax: shareMax },
          `${shareMax} transactions of this signer on the same record wait already: send it again after the next block`,
        );
      }
      const dropped = makeRoom(lane, group, signed.bytes.length);
      const entry: PendingTransaction = { signed, id, lane, group, cell, share, sequence: arrivals++ };
      byId.set(id, entry);
      byCell.set(cell, (byCell.get(cell) ?? new Set()).add(entry));
      if (share !== undefined) countOf.set(share, (countOf.get(share) ?? 0) + 1);
      lanes[lane].add(entry);
      return dropped;
    },
    remove,
    changing: (cells) => [...cells].flatMap((cell) => [...(byCell.get(cell) ?? [])]),
    expire(height) {
      const expired = [...byId.values()].filter(({ signed }) => {
        const { expiryHeight } = signed.transaction;
        return expiryHeight !== 0 && expiryHeight < height;
      });
      for (const { id } of expired) remove(id);
      return expired;
    },
    candidates(bytesMax, except) {
      const chosen: PendingTransaction[] = [];
      const taken = new Set<string>();
      let room = bytesMax;
      const takeFrom = (lane: Lane, share: number): void => {
        const served = new Set<string>();
        let left = Math.min(share, room);
        for (const entry of lanes[lane].byTurns(lane === 'revoke' || lane === 'rest' ? always : priorityOf)) {
          const bytes = entry.signed.bytes.length;
          if (taken.has(entry.id) || except(entry.id)) continue;
          if (bytes > left) break;
          left -= bytes;
          room -= bytes;
          taken.add(entry.id);
          served.add(entry.group);
          chosen.push(entry);
        }
        lanes[lane].rotate(served);
      };
      for (const [lane, thousandths] of SHARES) takeFrom(lane, Math.floor((bytesMax * thousandths) / 1000));
      for (const [lane] of SHARES) takeFrom(lane, room);
      return chosen;
    },
    hasOther(except) {
      for (const id of byId.keys()) if (!except(id)) return true;
      return false;
    },
    all: () => [...byId.values()].sort((a, b) => a.sequence - b.sequence),
  };
}
