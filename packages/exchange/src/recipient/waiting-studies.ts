/**
 * Checked studies that wait in quarantine for a person who says whose they are. Each is a folder, and a sealed record that says what it
 * is. Spec: docs/spec/exchange-records.md, section 5.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ImportLimits,
  type LocalPatient,
  type QuarantinedStudy,
  reopenStudy,
  type StudyDescription,
} from '@radledger/imaging';
import { bytes, type Infer, list, literal, optional, type Schema, struct, text, uint } from '@radledger/primitives';
import { ExchangeError } from '../errors.js';
import { type Change, type ExchangeStore, put, type RecordKind, remove } from '../exchange-store.js';
import { createKeyedLock } from '../keyed-lock.js';
import { oneOf } from '../one-of.js';

/** How much, and for how long. */
export interface QuarantineLimits {
  /** Bytes of the instances of all studies that wait. Default 64 GiB. */
  readonly bytesMax: number;
  /** How long a study waits for its patient to be matched, in ms. Default 30 days. */
  readonly matchingMs: number;
}

export const DEFAULT_QUARANTINE_LIMITS: QuarantineLimits = {
  bytesMax: 64 * 1024 ** 3,
  matchingMs: 30 * 86_400_000,
};

const id32 = bytes({ length: 32 });
const line = text({ max: 800 });
const sentPatientSchema = struct({ name: line, id: line, issuer: line, birthDate: line, sex: line });
const SEXES = ['M', 'F', 'O'] as const;
/** A patient of the recipient's own. */
export const localPatientSchema: Schema<LocalPatient> = struct({
  name: text({ max: 256 }),
  id: text({ max: 256 }),
  issuer: optional(text({ max: 256 })),
  birthDate: optional(text({ max: 8 })),
  sex: optional(oneOf(SEXES)),
});
const waitingSchema = struct({
  format: literal(1),
  sinceMs: uint(),
  /** Of its instances. */
  bytes: uint(),
  noteSha256: id32,
  content: id32,
  description: line,
  patients: list(sentPatientSchema, { max: 8 }),
  /** What the last try to file it failed with. */
  code: optional(text({ max: 64 })),
  /** What a person decided; it is being filed. */
  decision: optional(struct({ patient: optional(localPatientSchema), atMs: uint() })),
});
/** The id is that of its retrieval. */
const waitingRecords: RecordKind<WaitingRecord> = { name: 'waiting', schema: waitingSchema, bytesMax: 65_536 };
export type WaitingRecord = Infer<typeof waitingSchema>;

export interface WaitingStudies {
  get(id: string): Promise<WaitingRecord | undefined>;
  list(): Promise<readonly { readonly id: string; readonly value: WaitingRecord }[]>;
  /** Those that have waited for as long as they may. */
  due(): Promise<readonly { readonly id: string; readonly value: WaitingRecord }[]>;
  /**
   * Sets a checked study aside until a person says whose it is.
   * @throws {ExchangeError} `QUARANTINE_FULL`
   */
  setAside(
    id: string,
    study: QuarantinedStudy,
    about: { readonly content: Uint8Array; readonly sent: StudyDescription; readonly code?: string },
  ): Promise<readonly Change[]>;
  change(id: string, record: WaitingRecord): Change;
  /** @throws {ImagingError} `QUARANTINE_CHANGED` | `FOLDER_UNUSABLE` */
  reopen(id: string, record: WaitingRecord): Promise<QuarantinedStudy>;
  forget(id: string): Change;
  /** Erases the folder: after its record, so that a stop in between leaves a folder that the next start erases. */
  erase(id: string): Promise<void>;
}

/** Opens what waits below `folder`, and erases what no record knows of. */
export async function openWaitingStudies(options: {
  readonly store: ExchangeStore;
  readonly folder: string;
  readonly limits: QuarantineLimits;
  readonly importLimits: Partial<ImportLimits>;
  readonly now: () => number;
}): Promise<WaitingStudies> {
  const { store, folder, limits, now } = options;
  const room = createKeyedLock();
  const folderOf = (id: string): string => join(folder, id);
  const erase = (id: string): Promise<void> => rm(folderOf(id), { recursive: true, force: true });
  const all = () => store.list(waitingRecords);

  const known = new Set((await all()).map(({ id }) => id));
  for (const id of await readdir(folder).catch(() => [])) if (!known.has(id)) await erase(id);

  return {
    list: all,
    get: (id) => store.get(waitingRecords, id),
    erase,
    change: (id, record) => put(waitingRecords, id, record),
    forget: (id) => remove(waitingRecords, id),

    async due() {
      return (await all()).filter(
        ({ value }) => value.decision === undefined && value.sinceMs + limits.matchingMs <= now(),
      );
    },

    setAside: (id, study, { content, sent, code }) =>
      room('room', async () => {
        const size = study.instances.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
        const used = (await all()).reduce((sum, { value }) => sum + value.bytes, 0);
        if (used + size > limits.bytesMax) {
          throw new ExchangeError(
            { code: 'QUARANTINE_FULL' },
            'match or discard studies that wait, or allow more bytes',
          );
        }
        await mkdir(folder, { recursive: true, mode: 0o700 });
        const noteSha256 = await study.setAside(folderOf(id));
        const { description, patients } = sent;
        const about = { noteSha256, content, description, patients, code, decision: undefined };
        return [put(waitingRecords, id, { format: 1, sinceMs: now(), bytes: size, ...about })];
      }),

    reopen: (id, { noteSha256 }) => reopenStudy({ folder: folderOf(id), noteSha256, limits: options.importLimits }),
  };
}
