/** What a source keeps of the readings of its studies. Spec: docs/spec/exchange-records.md, section 1. */
import type { AccessLogEntry } from '@radledger/handover';
import { bytes, type Infer, literal, randomBytes, struct, toHex, uint } from '@radledger/primitives';
import { type ExchangeStore, put, type RecordKind } from '../exchange-store.js';
import { grown } from '../grown.js';
import { oneOf } from '../one-of.js';

/** A viewer reads a study instance by instance: what it reads within this time is one record. */
const FOLD_MS = 600_000;
/** Records that may still grow; beyond them each reading begins one of its own. */
const OPEN_MAX = 10_000;

const accessSchema = struct({
  format: literal(1),
  atMs: uint(),
  reader: bytes({ length: 32 }),
  part: oneOf(['file-set', 'manifest', 'instances', 'metadata']),
  basis: oneOf(['grant', 'owner', 'delegate', 'emergency']),
  outcome: oneOf(['begun', 'success', 'failure']),
  bytes: uint(),
  readings: uint(),
});
export type AccessRecord = Infer<typeof accessSchema>;
/**
 * The id is `<studyId>.<era>.<position>`, all in hex; positions ascend with time. An owner sees the readings of her own era: who read
 * in an earlier one was allowed by somebody else, whose recipients are not hers to know.
 */
export const accessRecords: RecordKind<AccessRecord> = {
  name: 'access',
  // One reading each, before viewers' were folded.
  schema: grown(accessSchema, 8, [1]),
  bytesMax: 256,
};

/** One reading as it goes on. */
export type Access = Pick<AccessLogEntry, 'reader' | 'part' | 'basis'> & {
  readonly studyId: Uint8Array;
  readonly era: number;
};

/** Keeps that a reading begins; the returned function keeps how it ended. */
export type BeginAccess = (access: Access) => Promise<(outcome: 'success' | 'failure', bytes: number) => Promise<void>>;

/** A record, and the readings in it that have not ended. */
interface OpenRecord {
  readonly id: string;
  record: AccessRecord;
  running: number;
  hasFailed: boolean;
  /** Writes of one record go in order, each with what is known when its turn comes. */
  written: Promise<void>;
}

export function createAccessRecorder(options: {
  readonly store: Pick<ExchangeStore, 'commit'>;
  readonly now: () => number;
}): BeginAccess {
  const { store, now } = options;
  const growing = new Map<string, OpenRecord>();

  const write = (open: OpenRecord): Promise<void> => {
    const commit = () => store.commit([put(accessRecords, open.id, open.record)]);
    open.written = open.written.then(commit, commit);
    return open.written;
  };

  function openRecord({ studyId, era, reader, part, basis }: Access): OpenRecord {
    const atMs = now();
    const prefix = accessPrefix(studyId, era);
    const name = `${prefix}${basis}.${toHex(reader)}`;
    const isGrowing = ({ record }: OpenRecord) => record.atMs <= atMs && atMs < record.atMs + FOLD_MS;
    const known = part === 'instances' ? growing.get(name) : undefined;
    if (known !== undefined && isGrowing(known)) return known;
    const opened: OpenRecord = {
      id: `${prefix}${toHex(positionAt(atMs))}`,
      record: { format: 1, atMs, reader, part, basis, outcome: 'begun', bytes: 0, readings: 0 },
      running: 0,
      hasFailed: false,
      written: Promise.resolve(),
    };
    if (part !== 'instances') return opened;
    for (const [other, open] of growing) if (!isGrowing(open)) growing.delete(other);
    if (growing.size < OPEN_MAX) growing.set(name, opened);
    return opened;
  }

  return async (access) => {
    const open = openRecord(access);
    open.running += 1;
    open.record = { ...open.record, outcome: 'begun', readings: open.record.readings + 1 };
    try {
      await write(open);
    } catch (error) {
      open.running -= 1;
      open.record = { ...open.record, readings: open.record.readings - 1 };
      throw error;
    }
    return (outcome, bytesLeft) => {
      open.running -= 1;
      open.hasFailed ||= outcome === 'failure';
      const ended = open.hasFailed ? 'failure' : 'success';
      open.record = {
        ...open.record,
        outcome: open.running > 0 ? 'begun' : ended,
        bytes: open.record.bytes + bytesLeft,
      };
      return write(open);
    };
  };
}

export function accessPrefix(studyId: Uint8Array, era: number): string {
  return `${toHex(studyId)}.${era.toString(16).padStart(8, '0')}.`;
}

/** Of the owner in whose time a reading began, from the id of its record. */
export function eraOf(id: string): number {
  return Number.parseInt(id.split('.')[1] ?? '', 16);
}

/** Six bytes of time, four at random: two readings of one millisecond are two entries. */
function positionAt(atMs: number): Uint8Array {
  const position = new Uint8Array(10);
  const view = new DataView(position.buffer);
  view.setUint16(0, Math.floor(atMs / 2 ** 32));
  view.setUint32(2, atMs >>> 0);
  position.set(randomBytes(4), 6);
  return position;
}
