/**
 * One line of the audit trail: JSON that names the hash of the line before it. Spec: docs/spec/audit.md, section 2.
 */
import { hash, toHex, utf8 } from '@radledger/primitives';
import type { AuditEntry, AuditEvent } from './audit-event.js';

const DOMAIN = 'radledger/audit-line/1';
/** Stands before the first line of a trail. */
export const TRAIL_START = '00'.repeat(32);
/** Longest line that is read, in bytes. */
export const LINE_BYTES_MAX = 1_048_576;

export interface AuditLine extends AuditEntry {
  /** `hashOfLine` of the line before, or `TRAIL_START`. */
  readonly previous: string;
}

/** Writes a line, without its line end. */
export function encodeLine({ number, previous, atMs, event }: AuditLine): string {
  return JSON.stringify({ number, previous, atMs, event });
}

/** Names everything up to and including a line. 64 lower-case hex. */
export function hashOfLine(line: string): string {
  return toHex(hash(DOMAIN, utf8(line)));
}

/** @returns undefined for text that no trail writes */
export function decodeLine(line: string): AuditLine | undefined {
  if (line.length > LINE_BYTES_MAX) return undefined;
  try {
    const value = JSON.parse(line) as Partial<AuditLine> | null;
    if (value === null || typeof value !== 'object') return undefined;
    const { number, previous, atMs, event } = value;
    if (!isCount(number) || !isCount(atMs) || typeof previous !== 'string' || !isEvent(event)) return undefined;
    return { number, previous, atMs, event };
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isEvent(value: unknown): value is AuditEvent {
  if (typeof value !== 'object' || value === null) return false;
  const { side, phase, outcome, id, documents } = value as Readonly<Record<string, unknown>>;
  return (
    (side === 'source' || side === 'recipient') &&
    (phase === 'begun' || phase === 'ended' || phase === 'refused') &&
    (outcome === 'success' || outcome === 'failure') &&
    typeof id === 'string' &&
    Array.isArray(documents)
  );
}
