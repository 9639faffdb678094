/**
 * A gateway's own audit trail: append-only, each line names the hash of the one before it, each day ends with a signed head.
 * What cannot be recorded is not disclosed: `record` is awaited before a document leaves. Spec: docs/spec/audit.md.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Signer } from '@radledger/primitives';
import { ExchangeError } from '../errors.js';
import type { AuditEntry, AuditEvent } from './audit-event.js';
import { type AuditHead, signHead } from './audit-head.js';
import { decodeLine, encodeLine, hashOfLine, TRAIL_START } from './audit-line.js';
import { appendLines, cutTornLine, dayFile, dayFiles, dayOf, HEADS_FILE, linesOf, readHeads } from './trail-files.js';

export interface AuditTrailOptions {
  /** Of this trail alone; made when it is not there. */
  readonly folder: string;
  /** Signs the end of each day: the source's signing key or the recipient key. */
  readonly signer: Signer;
  /** The clock, Unix ms; default the system's. */
  readonly now?: () => number;
}

/** Swap-in point: where retrievals are recorded. */
export interface Audit {
  /** Resolves when the event is on disk. @throws {ExchangeError} `AUDIT_UNWRITABLE`; nothing is recorded then */
  record(event: AuditEvent): Promise<void>;
}

export interface AuditTrail extends Audit {
  /** The newest day that has ended. */
  head(): AuditHead | undefined;
  /** Told of each entry once it is on disk, in order. */
  listen(listener: (entry: AuditEntry) => void): void;
  /** Entries from a number on, as they were written; ends with the newest. */
  entries(fromNumber?: number): AsyncIterable<AuditEntry>;
  close(): Promise<void>;
}

interface Tail {
  readonly number: number;
  readonly hash: string;
  readonly atMs: number;
  readonly day: string | undefined;
  readonly sizeBytes: number;
}

interface Waiting {
  readonly event: AuditEvent;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Opens a trail and goes on where it ended; a last line that a stop tore is cut off. Retrievals that had only begun get an
 * `ended` with the code `INTERRUPTED`.
 * @throws {ExchangeError} `AUDIT_UNREADABLE` when the last line is none: nothing is written then
 */
export async function openAuditTrail({ folder, signer, now = Date.now }: AuditTrailOptions): Promise<AuditTrail> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { tail: foundTail, begun } = await readEnd(folder);
  let tail = foundTail;
  let headsBytes = await cutTornLine(folder, HEADS_FILE);
  let newestHead = (await readHeads(folder)).findLast((head) => head !== undefined);
  let waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;
  const listeners: ((entry: AuditEntry) => void)[] = [];

  const endDay = async ({ day, number, hash }: Tail): Promise<void> => {
    if (day === undefined || newestHead?.day === day) return;
    const head = await signHead({ day, number, hash }, signer);
    headsBytes = await appendLines({ folder, name: HEADS_FILE }, [JSON.stringify(head)], headsBytes);
    newestHead = head;
  };

  /** All events that wait, with one sync. */
  const write = async (events: readonly AuditEvent[]): Promise<readonly AuditEntry[]> => {
    const atMs = Math.max(now(), tail.atMs);
    const day = dayOf(atMs);
    if (day !== tail.day) await endDay(tail);
    let { number, hash } = tail;
    const lines: string[] = [];
    const entries: AuditEntry[] = [];
    for (const event of events) {
      number += 1;
      const line = encodeLine({ number, previous: hash, atMs, event });
      hash = hashOfLine(line);
      lines.push(line);
      entries.push({ number, atMs, event });
    }
    const before = day === tail.day ? tail.sizeBytes : 0;
    const sizeBytes = await appendLines({ folder, name: dayFile(day) }, lines, before);
    tail = { number, hash, atMs, day, sizeBytes };
    return entries;
  };

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        const entries = await write(batch.map(({ event }) => event));
        for (const { resolve } of batch) resolve();
        for (const entry of entries) for (const listener of listeners) listener(entry);
      } catch (cause) {
        const reason = (cause as NodeJS.ErrnoException).code ?? 'UNKNOWN';
        const message = `the audit trail cannot be written (${reason}): nothing is served until it can; make room, or end what else writes into its folder`;
        for (const { reject } of batch)
          reject(new ExchangeError({ code: 'AUDIT_UNWRITABLE', reason }, message, { cause }));
      }
    }
    writing = undefined;
  };

  const record = (event: AuditEvent): Promise<void> =>
    new Promise((resolve, reject) => {
      waiting.push({ event, resolve, reject });
      writing ??= drain();
    });

  await Promise.all(
    begun.map((event) => record({ ...event, phase: 'ended', outcome: 'failure', code: 'INTERRUPTED' })),
  );
  return {
    record,
    head: () => newestHead,
    listen: (listener) => void listeners.push(listener),
    entries: (fromNumber = 1) => entriesOf(folder, fromNumber),
    async close() {
      await writing;
    },
  };
}

async function* entriesOf(folder: string, fromNumber: number): AsyncGenerator<AuditEntry> {
  for (const name of await dayFiles(folder)) {
    for await (const text of linesOf(join(folder, name))) {
      const line = decodeLine(text);
      if (line && line.number >= fromNumber) yield { number: line.number, atMs: line.atMs, event: line.event };
    }
  }
}

/** Where the trail ends, and what had begun and not ended in its last two days. */
async function readEnd(folder: string): Promise<{ readonly tail: Tail; readonly begun: readonly AuditEvent[] }> {
  const begun = new Map<string, AuditEvent>();
  let tail: Tail = { number: 0, hash: TRAIL_START, atMs: 0, day: undefined, sizeBytes: 0 };
  for (const { name, sizeBytes } of await lastDays(folder)) {
    for await (const text of linesOf(join(folder, name))) {
      const line = decodeLine(text);
      if (!line) {
        const message = `${name} holds a line that is none: look at it with \`radledger-gateway audit-verify\``;
        throw new ExchangeError({ code: 'AUDIT_UNREADABLE' }, message);
      }
      const { number, atMs, event } = line;
      tail = { number, hash: hashOfLine(text), atMs, day: name.slice(0, 10), sizeBytes };
      if (event.phase === 'begun') begun.set(event.id, event);
      else begun.delete(event.id);
    }
  }
  return { tail, begun: [...begun.values()] };
}

/** The newest two files with a whole line, and what a full disk left empty after them; oldest first. */
async function lastDays(folder: string): Promise<readonly { readonly name: string; readonly sizeBytes: number }[]> {
  const days: { name: string; sizeBytes: number }[] = [];
  let withLines = 0;
  for (const name of (await dayFiles(folder)).toReversed()) {
    if (withLines === 2) break;
    const sizeBytes = await cutTornLine(folder, name);
    days.unshift({ name, sizeBytes });
    if (sizeBytes > 0) withLines += 1;
  }
  return days;
}
