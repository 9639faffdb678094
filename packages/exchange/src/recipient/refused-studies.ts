/**
 * What arrived of studies that were refused, kept for a person to look into: by which code, whose images, which series. Nothing of it is
 * ever filed. Spec: docs/spec/exchange-records.md, section 5.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  describeRefused,
  type ImportLimits,
  ImagingError,
  keepRefused,
  type StudyDescription,
} from '@radledger/imaging';
import { type Infer, literal, struct, text, uint } from '@radledger/primitives';
import { type Change, type ExchangeStore, put, type RecordKind, remove } from '../exchange-store.js';

/** How much, and for how long. */
export interface RefusedLimits {
  /** Bytes of all of them; the oldest make room. Default 8 GiB. */
  readonly bytesMax: number;
  /** In ms; 0 keeps none. Default 72 hours. */
  readonly keptMs: number;
}

export const DEFAULT_REFUSED_LIMITS: RefusedLimits = { bytesMax: 8 * 1024 ** 3, keptMs: 72 * 3_600_000 };

const refusedSchema = struct({ format: literal(1), sinceMs: uint(), bytes: uint(), code: text({ max: 64 }) });
export type RefusedRecord = Infer<typeof refusedSchema>;
/** The id is that of its retrieval. */
const refusedRecords: RecordKind<RefusedRecord> = { name: 'refused', schema: refusedSchema, bytesMax: 256 };

export interface RefusedStudies {
  get(id: string): Promise<RefusedRecord | undefined>;
  list(): Promise<readonly { readonly id: string; readonly value: RefusedRecord }[]>;
  /** Takes over what arrived in `folder`, unless nothing did, none is kept, or it is more than all may be. The folder is gone then. */
  keep(id: string, folder: string, error: unknown): Promise<readonly Change[]>;
  /** @throws {ImagingError} what keeps it from being read */
  describe(id: string, record: RefusedRecord, signal: AbortSignal): Promise<StudyDescription>;
  /** Erases one; nothing when there is none. */
  erase(id: string): Promise<void>;
  /** Erases what is too old. */
  expire(): Promise<void>;
}

/** Opens what is kept below `folder`, and erases what no record knows of. */
export async function openRefusedStudies(options: {
  readonly store: ExchangeStore;
  readonly folder: string;
  readonly limits: RefusedLimits;
  readonly importLimits: Partial<ImportLimits>;
  readonly now: () => number;
}): Promise<RefusedStudies> {
  const { store, folder, limits, now } = options;
  const folderOf = (id: string): string => join(folder, id);
  const list = () => store.list(refusedRecords);
  const discard = (path: string): Promise<void> => rm(path, { recursive: true, force: true });
  const erase = async (id: string): Promise<void> => {
    await store.commit([remove(refusedRecords, id)]);
    await discard(folderOf(id));
  };

  const known = new Set((await list()).map(({ id }) => id));
  for (const id of await readdir(folder).catch(() => [])) if (!known.has(id)) await discard(folderOf(id));

  const makeRoom = async (needed: number): Promise<void> => {
    const kept = (await list()).toSorted((a, b) => a.value.sinceMs - b.value.sinceMs);
    let used = kept.reduce((sum, { value }) => sum + value.bytes, needed);
    for (const { id, value } of kept) {
      if (used <= limits.bytesMax) return;
      await erase(id);
      used -= value.bytes;
    }
  };

  return {
    list,
    get: (id) => store.get(refusedRecords, id),
    erase,

    async keep(id, arrived, error) {
      if (limits.keptMs === 0 || !(error instanceof ImagingError)) {
        await discard(arrived);
        return [];
      }
      await discard(folderOf(id));
      const bytes = await keepRefused(arrived, folderOf(id));
      if (bytes === 0) return [];
      if (bytes > limits.bytesMax) {
        await discard(folderOf(id));
        return [];
      }
      await makeRoom(bytes);
      return [put(refusedRecords, id, { format: 1, sinceMs: now(), bytes, code: error.code })];
    },

    describe: (id, { bytes: receivedBytes }, signal) =>
      describeRefused({ folder: folderOf(id), receivedBytes, limits: options.importLimits, signal }),

    async expire() {
      for (const { id, value } of await list()) if (value.sinceMs + limits.keptMs <= now()) await erase(id);
    },
  };
}
