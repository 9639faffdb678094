/**
 * What the accounting still has to name when a study was erased: to whom its images were given, on which day, what and why, and no value of
 * the ledger. Spec: docs/spec/audit.md, section 6.
 */
import { type Infer, literal, randomBytes, struct, text, toHex, uint } from '@radledger/primitives';
import { type Change, type ExchangeStore, put, type RecordKind, remove } from '../exchange-store.js';
import { oneOf } from '../one-of.js';
import type { Disclosure } from './disclosures.js';

const DAY_MS = 86_400_000;

const schema = struct({
  format: literal(1),
  studyInstanceUid: text({ max: 64 }),
  /** Begin of the UTC day. */
  dayMs: uint(),
  /** Empty where nobody knows one: the receiver's key would lead through the audit trail to the study on the ledger. */
  receiverName: text({ max: 256 }),
  displayName: text({ max: 128 }),
  what: oneOf(['file-set', 'manifest', 'instances', 'metadata']),
  purpose: text({ max: 512 }),
});
/** The id is `<when it is erased, Unix ms, 12 hex>.<16 random bytes>`: neither order nor name tells of a study. */
export const keptDisclosureRecords: RecordKind<Infer<typeof schema>> = {
  name: 'kept-disclosure',
  schema,
  bytesMax: 2048,
};

/**
 * The part of an accounting that outlives its study: all but the patient's own access, each until its years are over.
 * @returns also when the last of it is erased, Unix ms; undefined when there is nothing to keep
 */
export function keepDisclosures(
  disclosures: readonly Disclosure[],
  { years, nowMs }: { readonly years: number; readonly nowMs: number },
): { readonly changes: readonly Change[]; readonly untilMs: number | undefined } {
  const kept = disclosures
    .filter((disclosure) => years > 0 && !isHerOwn(disclosure))
    .map((disclosure) => ({ disclosure, untilMs: endOf(disclosure.atMs, years) }))
    .filter(({ untilMs }) => untilMs > nowMs);
  return {
    changes: kept.map(({ disclosure: { atMs, studyInstanceUid, receiverName, what, ...told }, untilMs }) =>
      put(keptDisclosureRecords, `${timeOf(untilMs)}.${toHex(randomBytes(16))}`, {
        format: 1,
        studyInstanceUid,
        dayMs: dayOf(atMs),
        receiverName: receiverName ?? '',
        displayName: told.displayName ?? '',
        what,
        // A grant's name stands on the ledger.
        purpose: told.purpose.replace(/: grant [0-9a-f]{64}$/, ''),
      }),
    ),
    untilMs: kept.reduce<number | undefined>((last, { untilMs }) => Math.max(last ?? 0, untilMs), undefined),
  };
}

/** What the accounting calls the owner of a study. */
export const THE_PATIENT = 'the patient';

/** Whether a study was given to its owner herself: that is no disclosure that she can ask an account of. */
export function isHerOwn({ origin, receiverName }: Disclosure): boolean {
  return origin === 'ledger' && receiverName === THE_PATIENT;
}

/** Erases those whose years are over. */
export async function forgetOldDisclosures(store: ExchangeStore, nowMs: number): Promise<void> {
  const over: Change[] = [];
  for await (const { id } of store.scan(keptDisclosureRecords)) {
    if (id >= timeOf(nowMs + 1)) break;
    over.push(remove(keptDisclosureRecords, id));
  }
  await store.erase(over);
}

/** @returns the begin of the UTC day so many years after the day of `atMs` */
function endOf(atMs: number, years: number): number {
  const end = new Date(dayOf(atMs));
  end.setUTCFullYear(end.getUTCFullYear() + years);
  return end.getTime() + DAY_MS;
}

const dayOf = (atMs: number): number => Math.floor(atMs / DAY_MS) * DAY_MS;
const timeOf = (atMs: number): string => atMs.toString(16).padStart(12, '0');
