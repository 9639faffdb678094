/** Associations with one archive: a bounded number, kept for a moment, because an archive is asked for one instance after another. */
import { unavailable } from './archive-errors.js';
import { type Association, type DimsePeer, requestAssociation } from './association.js';
import type { ProposedContext, Role } from './pdu.js';

/** What an association is for; those with one `key` propose the same. */
export interface Purpose {
  readonly key: string;
  readonly contexts: readonly ProposedContext[];
  readonly roles?: readonly Role[];
}

interface Idle {
  readonly key: string;
  readonly association: Association;
  readonly timer: NodeJS.Timeout;
}

/** Shorter than archives wait before they hang up. */
const IDLE_MS = 5_000;

export class AssociationPool {
  private readonly idle: Idle[] = [];
  private readonly used = new Map<Association, string>();
  private readonly waiting: (() => void)[] = [];
  private opening = 0;
  private isClosed = false;

  constructor(
    private readonly peer: DimsePeer,
    private readonly associationsMax: number,
  ) {}

  /** @throws {ImagingError} `ARCHIVE_UNAVAILABLE`, with the reason `BUSY` when all are used for too long | `ARCHIVE_ANSWER_INVALID` */
  async acquire(purpose: Purpose): Promise<Association> {
    while (this.used.size + this.opening >= this.associationsMax) await this.turn();
    if (this.isClosed) throw unavailable('CLOSED');
    const kept = this.takeIdle(purpose.key);
    if (kept !== undefined) {
      this.used.set(kept, purpose.key);
      return kept;
    }
    while (this.idle.length + this.used.size + this.opening >= this.associationsMax) this.leaveOldest();
    this.opening += 1;
    try {
      const association = await requestAssociation(this.peer, purpose.contexts, purpose.roles);
      this.used.set(association, purpose.key);
      if (this.isClosed) association.abort();
      return association;
    } finally {
      this.opening -= 1;
      if (this.used.size + this.opening < this.associationsMax) this.waiting.shift()?.();
    }
  }

  /** Takes one back: kept while it is open and between messages, forgotten otherwise. */
  give(association: Association): void {
    const key = this.used.get(association);
    this.used.delete(association);
    if (key !== undefined && association.isOpen && !this.isClosed) {
      const timer = setTimeout(() => this.leave(association), IDLE_MS).unref();
      this.idle.push({ key, association, timer });
    }
    this.waiting.shift()?.();
  }

  /** Ends all: idle ones in order, used ones by abort. */
  async close(): Promise<void> {
    this.isClosed = true;
    for (const association of this.used.keys()) association.abort();
    const idle = this.idle.splice(0);
    for (const { timer } of idle) clearTimeout(timer);
    await Promise.all(idle.map(({ association }) => association.release()));
    for (const proceed of this.waiting.splice(0)) proceed();
  }

  private takeIdle(key: string): Association | undefined {
    for (;;) {
      const position = this.idle.findLastIndex((each) => each.key === key);
      if (position < 0) return undefined;
      const [found] = this.idle.splice(position, 1) as [Idle];
      clearTimeout(found.timer);
      if (found.association.isOpen) return found.association;
    }
  }

  private leaveOldest(): void {
    const oldest = this.idle[0];
    if (oldest !== undefined) this.leave(oldest.association);
  }

  private leave(association: Association): void {
    const position = this.idle.findIndex((each) => each.association === association);
    const [left] = position < 0 ? [] : this.idle.splice(position, 1);
    clearTimeout(left?.timer);
    void left?.association.release();
  }

  private async turn(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      const proceed = (): void => resolve();
      this.waiting.push(proceed);
      timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(proceed), 1);
        reject(unavailable('BUSY'));
      }, this.peer.timeoutMs);
    }).finally(() => clearTimeout(timer));
  }
}
