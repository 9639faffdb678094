/** The accounting of disclosures: to whom each study was given, when, what and why it was allowed. Spec: docs/spec/audit.md, section 6. */
import { toHex } from '@radledger/primitives';
import type { ExchangeStore } from '../exchange-store.js';
import { accessRecords, type AccessRecord, eraOf } from './access-records.js';
import { tagOf } from './authorise.js';
import { emergencyPurpose } from './emergencies.js';
import { keptDisclosureRecords, THE_PATIENT } from './kept-disclosures.js';
import { type ReaderName, readerName } from './reader-names.js';
import { type StudyRecord, studyRecords } from './source-records.js';

/** Holds patient data: for the operator alone. */
export interface Disclosure {
  readonly atMs: number;
  /** Empty when the study's records were erased by a version that kept no accounting of them. */
  readonly studyInstanceUid: string;
  /** Empty when the study was erased. */
  readonly studyId: string;
  /** The key that read, 64 lower-case hex; empty when the study was erased. */
  readonly receiver: string;
  /**
   * What the operator calls the holder of that key, else what the owner's app found proven; the patient herself and her delegate are called
   * so.
   */
  readonly receiverName: string | undefined;
  /** What the reader called itself when it asked her, as her app tells; nobody proved it. */
  readonly displayName?: string;
  /**
   * Where the name is from: the ledger names owner and delegate; the operator, or else the owner, everybody else: she tells how it was
   * proven to her. `erased`: the study was erased, and of the name only itself was kept.
   */
  readonly origin: 'ledger' | 'operator' | `owner: ${ReaderName['origin']}` | 'unknown' | 'erased';
  readonly what: AccessRecord['part'];
  /** Bytes that left. */
  readonly bytes: number;
  /** How many readings this stands for, from 1: of instances, what one reader read within ten minutes. */
  readonly readings: number;
  readonly outcome: AccessRecord['outcome'];
  /** What the disclosure rests on, in a sentence: for a grant its name on the ledger, where the signed permission itself stands. */
  readonly purpose: string;
}

export interface DisclosureFilter {
  /** Unix ms, inclusive. */
  readonly fromMs: number;
  /** Unix ms, exclusive. */
  readonly toMs: number;
  /** Default every study. */
  readonly studyInstanceUid?: string;
}

const PURPOSES: Readonly<Record<Exclude<AccessRecord['basis'], 'emergency'>, string>> = {
  grant: "released on the patient's signed permission",
  owner: "the patient's own access",
  delegate: "access by the patient's delegate",
};
const NAMES: Readonly<Partial<Record<AccessRecord['basis'], string>>> = {
  owner: THE_PATIENT,
  delegate: 'delegate of the patient',
};

/**
 * Every reading that began, study by study, by time within one owner's era; then what is kept of studies that were erased.
 * @param names - by key in hex: whom the operator knows
 */
export async function* disclosuresOf(
  store: ExchangeStore,
  { fromMs, toMs, studyInstanceUid: wanted }: DisclosureFilter,
  names: ReadonlyMap<string, string>,
): AsyncGenerator<Disclosure, void, void> {
  const isWanted = ({ atMs, studyInstanceUid }: Disclosure): boolean =>
    atMs >= fromMs && atMs < toMs && (wanted === undefined || wanted === studyInstanceUid);
  for await (const disclosure of disclosuresIn(store, '', names)) if (isWanted(disclosure)) yield disclosure;
  for await (const { value } of store.scan(keptDisclosureRecords)) {
    const { format: _, dayMs: atMs, displayName, receiverName, ...told } = value;
    const called = displayName === '' ? {} : { displayName };
    const unknown = { studyId: '', receiver: '', origin: 'erased', bytes: 0, readings: 1, outcome: 'success' } as const;
    const kept: Disclosure = { atMs, receiverName: receiverName || undefined, ...told, ...called, ...unknown };
    if (isWanted(kept)) yield kept;
  }
}

/** @param prefix - of the ids of access records: all, or those of one study */
export async function* disclosuresIn(
  store: ExchangeStore,
  prefix: string,
  names: ReadonlyMap<string, string>,
): AsyncGenerator<Disclosure, void, void> {
  let studyId = '';
  let study: StudyRecord | undefined;
  for await (const { id, value } of store.scan(accessRecords, prefix)) {
    if (!id.startsWith(`${studyId}.`)) {
      studyId = id.slice(0, id.indexOf('.'));
      study = await store.get(studyRecords, studyId);
    }
    const studyInstanceUid = study?.studyInstanceUid ?? '';
    const { atMs, reader, part, basis, outcome, bytes, readings } = value;
    const receiver = toHex(reader);
    const tag = basis === 'grant' && study !== undefined ? `: grant ${toHex(tagOf(study, eraOf(id), reader))}` : '';
    const purpose =
      basis === 'emergency'
        ? await emergencyPurpose(store, { studyId, reader: receiver, atMs })
        : PURPOSES[basis] + tag;
    const who = await whoIs(store, { studyId, receiver, basis }, names);
    yield { atMs, studyInstanceUid, studyId, receiver, ...who, what: part, bytes, readings, outcome, purpose };
  }
}

async function whoIs(
  store: ExchangeStore,
  { studyId, receiver, basis }: { studyId: string; receiver: string; basis: AccessRecord['basis'] },
  names: ReadonlyMap<string, string>,
): Promise<Pick<Disclosure, 'receiverName' | 'displayName' | 'origin'>> {
  const own = NAMES[basis];
  if (own !== undefined) return { receiverName: own, origin: 'ledger' };
  const told = await readerName(store, studyId, receiver);
  const called = told === undefined || told.displayName === '' ? {} : { displayName: told.displayName };
  const known = names.get(receiver);
  if (known !== undefined) return { ...called, receiverName: known, origin: 'operator' };
  return told === undefined
    ? { receiverName: undefined, origin: 'unknown' }
    : { ...called, receiverName: told.name, origin: `owner: ${told.origin}` };
}
