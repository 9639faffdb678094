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
import { type AuditLine, decodeLine, encodeLine, hashOfLine, LINE_BYTES_MAX, TRAIL_START } from './audit-line.js';
import {
  appendLines,
  cutTornLine,
  dayAfter,
  dayFile,
  dayFiles,
  dayOf,
  HEADS_FILE,
  linesOf,
  readHeads,
} from './trail-files.js';

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
  /** The newest day that has ended with entries; signs its end when nothing was recorded since. */
  head(): Promise<AuditHead | undefined>;
  /** Told when new entries are on disk. */
  listen(listener: () => void): void;
  /**
   * Entries as they were written, up to the newest that is on disk when it is called.
   * @param after - goes on behind it; a place that this trail does not have begins anew
   */
  entries(after?: TrailPlace): AsyncIterable<PlacedEntry>;
  close(): Promise<void>;
}

/** The end of an entry: where to go on reading. */
export interface TrailPlace {
  /** UTC, `YYYY-MM-DD`: names the file. */
  readonly day: string;
  /** Bytes of that file up to here. */
  readonly endByte: number;
  readonly number: number;
  /** `hashOfLine`, 64 lower-case hex. */
  readonly hash: string;
}

export interface PlacedEntry extends AuditEntry {
  readonly place: TrailPlace;
}

interface Tail {
  readonly number: number;
  readonly hash: string;
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
  let ending: Promise<void> | undefined;
  const listeners: (() => void)[] = [];

  const signEnd = async (day: string, hash: string): Promise<void> => {
    const head = await signHead({ day, hash }, signer);
    headsBytes = await appendLines({ folder, name: HEADS_FILE }, [JSON.stringify(head)], headsBytes);
    newestHead = head;
  };
  /** Signs the end of the newest day with entries, when that is before `today`. */
  const endDayBefore = async (today: string): Promise<void> => {
    const { day, hash } = tail;
    if (day === undefined || day >= today || newestHead?.day === day) return;
    ending ??= signEnd(day, hash).finally(() => {
      ending = undefined;
    });
    await ending;
  };

  /** All events that wait, with one sync. */
  const write = async (events: readonly AuditEvent[]): Promise<void> => {
    const atMs = now();
    // A clock that went back writes on where the trail is, and never behind an end that is signed.
    const days = [dayOf(atMs), tail.day ?? '', newestHead === undefined ? '' : dayAfter(newestHead.day)];
    const day = days.reduce((latest, next) => (next > latest ? next : latest));
    await endDayBefore(day);
    let { number, hash } = tail;
    const lines: string[] = [];
    for (const event of events) {
      number += 1;
      const line = encodeLine({ number, previous: hash, atMs, event });
      hash = hashOfLine(line);
      lines.push(line);
    }
    const before = day === tail.day ? tail.sizeBytes : 0;
    const sizeBytes = await appendLines({ folder, name: dayFile(day) }, lines, before);
    tail = { number, hash, day, sizeBytes };
  };

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        await write(batch.map(({ event }) => event));
        for (const { resolve } of batch) resolve();
        for (const listener of listeners) listener();
      } catch (cause) {
        for (const { reject } of batch) reject(unwritable(cause));
      }
    }
    writing = undefined;
  };

  const record = (event: AuditEvent): Promise<void> =>
    new Promise((resolve, reject) => {
      if (Buffer.byteLength(encodeLine({ ...LONGEST_PLACE, event })) > LINE_BYTES_MAX) {
        reject(new ExchangeError({ code: 'AUDIT_UNWRITABLE', reason: 'LINE_TOO_LONG' }, 'the event is too long'));
        return;
      }
      waiting.push({ event, resolve, reject });
      writing ??= drain();
    });

  await Promise.all(
    begun.map((event) => record({ ...event, phase: 'ended', outcome: 'failure', code: 'INTERRUPTED' })),
  );
  return {
    record,
    async head() {
      try {
        await endDayBefore(dayOf(now()));
      } catch (cause) {
        throw unwritable(cause);
      }
      return newestHead;
    },
    listen: (listener) => void listeners.push(listener),
    entries: (after) => entriesOf(folder, tail, after),
    async close() {
      await writing;
      await ending?.catch(() => undefined);
    },
  };
}

/** No entry's place takes more room in its line. */
const LONGEST_PLACE: Omit<AuditLine, 'event'> = {
  number: Number.MAX_SAFE_INTEGER,
  previous: TRAIL_START,
  atMs: Number.MAX_SAFE_INTEGER,
};

function unwritable(cause: unknown): ExchangeError {
  const reason = (cause as NodeJS.ErrnoException).code ?? 'UNKNOWN';
  const message = `the audit trail cannot be written (${reason}): nothing is served until it can; make room, or end what else writes into its folder`;
  return new ExchangeError({ code: 'AUDIT_UNWRITABLE', reason }, message, { cause });
}

async function* entriesOf(folder: string, tail: Tail, after: TrailPlace | undefined): AsyncGenerator<PlacedEntry> {
  if (tail.day === undefined || after?.hash === tail.hash) return;
  let isBehind = after === undefined;
  for (const name of await dayFiles(folder)) {
    const day = name.slice(0, 10);
    if (day > tail.day) return;
    if (after !== undefined && day < after.day) continue;
    const range = {
      from: after?.day === day ? after.endByte : 0,
      ...(day === tail.day && { to: tail.sizeBytes }),
    };
    for await (const { text, endByte } of linesOf(join(folder, name), range)) {
      const line = decodeLine(text);
      if (!isBehind && line?.previous !== after?.hash) {
        yield* entriesOf(folder, tail, undefined);
        return;
      }
      isBehind = true;
      if (line === undefined) continue;
      const { number, atMs, event } = line;
      yield { number, atMs, event, place: { day, endByte, number, hash: hashOfLine(text) } };
    }
  }
  if (!isBehind) yield* entriesOf(folder, tail, undefined);
}

/** Where the trail ends, and what had begun and not ended in its last two days. */
async function readEnd(folder: string): Promise<{ readonly tail: Tail; readonly begun: readonly AuditEvent[] }> {
  const begun = new Map<string, AuditEvent>();
  let tail: Tail = { number: 0, hash: TRAIL_START, day: undefined, sizeBytes: 0 };
  for (const { name, sizeBytes } of await lastDays(folder)) {
    for await (const { text } of linesOf(join(folder, name))) {
      const line = decodeLine(text);
      if (!line) {
        const message = `${name} holds a line that is none: look at it with \`radledger-gateway audit-verify\``;
        throw new ExchangeError({ code: 'AUDIT_UNREADABLE' }, message);
      }
      const { number, event } = line;
      tail = { number, hash: hashOfLine(text), day: name.slice(0, 10), sizeBytes };
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
