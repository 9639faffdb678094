/** Standing links: keys that patients left for their next studies (people.md B3, G2). Spec: docs/spec/exchange-records.md, section 6. */
import { type AcceptedKey, PUBLISHED_MAX } from '@radledger/handover';
import {
  bytes,
  equalBytes,
  fromHex,
  type Infer,
  list,
  literal,
  optional,
  randomBytes,
  struct,
  text,
  toHex,
  uint,
} from '@radledger/primitives';
import { ExchangeError } from '../errors.js';
import { type Change, type ExchangeStore, put, type RecordKind, remove } from '../exchange-store.js';
import { grown } from '../grown.js';
import type { KeyedLock } from '../keyed-lock.js';
import { oneOf } from '../one-of.js';
import { identitySchema, type StudyRecord } from './source-records.js';

/** Keys that one link holds. */
const KEYS_MAX = 40;
/** Studies that one link remembers: older ones are known to the app. */
const STUDIES_MAX = PUBLISHED_MAX;

const id32 = bytes({ length: 32 });
const linkId = bytes({ length: 16 });
const schema = struct({
  format: literal(1),
  createdAtMs: uint(),
  state: oneOf(['active', 'paused', 'ended']),
  /** Pseudonym of the patient in the archive; none before a study of the link was planned. */
  patient: optional(text({ max: 64 })),
  keys: list(struct({ ownerKey: id32, acceptance: bytes({ length: 64 }) }), { max: KEYS_MAX }),
  /** Published on its keys, newest first. */
  published: list(struct({ studyId: id32, key: id32 }), { max: STUDIES_MAX }),
  /** How the source knew who left the keys: what each study that is sent on them rests on. */
  identity: optional(identitySchema),
});
type LinkRecord = Infer<typeof schema>;
export type LinkState = LinkRecord['state'];

/** The id is 16 random bytes in hex. */
const linkRecords: RecordKind<LinkRecord> = {
  name: 'link',
  // Nothing, before it was kept.
  schema: grown(schema, 7, [[]]),
  bytesMax: 16_384,
};
/** From a study to the link that its owner's keys belong to; the id is the studyId in hex. */
const linkOfStudyRecords: RecordKind<Uint8Array> = { name: 'link-of-study', schema: linkId, bytesMax: 32 };
/** From a patient (by pseudonym) to the link that counts. */
const linkOfPatientRecords: RecordKind<Uint8Array> = { name: 'link-of-patient', schema: linkId, bytesMax: 32 };
/** Pseudonym of a study's patient as the archive named him when it was planned; the id is the studyId in hex. */
const patientRecords: RecordKind<string> = { name: 'patient-of-study', schema: text({ max: 64 }), bytesMax: 80 };

export interface StandingLink extends LinkRecord {
  /** 32 hex. */
  readonly linkId: string;
}

type LinkedStudy = Pick<StudyRecord, 'studyId' | 'identity'>;

export interface StandingLinks {
  /** The link of a study that was just claimed, as part of that batch. */
  begin(study: LinkedStudy, prekeys: readonly AcceptedKey[]): readonly Change[];
  /**
   * Takes in what a plan says of the patient: from now on the link of this study is the patient's.
   * @param save - commits the changes, with its own
   */
  planned<T>(
    study: { readonly studyId: Uint8Array; readonly patient: string | undefined },
    save: (changes: readonly Change[]) => Promise<T>,
  ): Promise<T>;
  ofStudy(studyId: Uint8Array): Promise<StandingLink | undefined>;
  ofPatient(patient: string): Promise<StandingLink | undefined>;
  isAny(): Promise<boolean>;
  list(): Promise<readonly StandingLink[]>;
  /** Keeps further keys; makes a link when the study has none that lasts. */
  leaveKeys(study: LinkedStudy, prekeys: readonly AcceptedKey[]): Promise<void>;
  /** An ended link stays ended. @throws {ExchangeError} `NOT_FOUND` | `NO_STANDING_LINK` */
  setState(linkId: string, state: LinkState): Promise<void>;
  /** Ends the link of a study, if it has one. */
  endOf(studyId: Uint8Array): Promise<void>;
  /**
   * Takes a study that is erased out of the memory of links. The last one of a link takes it along, with the keys that were left.
   * @param erase - commits the changes, with its own; told whether the link went too, and the pseudonym of the study's patient
   */
  forget(
    studyId: Uint8Array,
    erase: (
      changes: readonly Change[],
      about: { readonly isLinkGone: boolean; readonly patient: string | undefined },
    ) => Promise<void>,
  ): Promise<void>;
  /**
   * Spends a key: what `study` makes of it is one batch with the key's removal. Gives the link that it was left in.
   * @throws {ExchangeError} `NO_STANDING_LINK` when the patient has none that is active and has keys
   */
  spend(
    patient: string,
    study: (
      key: AcceptedKey,
      link: StandingLink,
    ) => { readonly studyId: Uint8Array; readonly changes: readonly Change[] },
  ): Promise<StandingLink>;
}

export function createStandingLinks(options: {
  readonly store: ExchangeStore;
  readonly lock: KeyedLock;
  readonly now: () => number;
}): StandingLinks {
  const { store, lock, now } = options;

  const read = async (id: Uint8Array | undefined): Promise<StandingLink | undefined> => {
    const link = id === undefined ? undefined : await store.get(linkRecords, toHex(id));
    return id === undefined || link === undefined ? undefined : { ...link, linkId: toHex(id) };
  };
  const save = ({ linkId: id, ...link }: StandingLink): Change => put(linkRecords, id, link);
  const ofStudy = async (studyId: Uint8Array) => read(await store.get(linkOfStudyRecords, toHex(studyId)));
  const ofPatient = async (patient: string) => read(await store.get(linkOfPatientRecords, patient));

  const create = ({ studyId, identity }: LinkedStudy, keys: readonly AcceptedKey[]) => {
    const id = randomBytes(16);
    const link: StandingLink = {
      linkId: toHex(id),
      format: 1,
      createdAtMs: now(),
      state: 'active',
      patient: undefined,
      keys: [...keys],
      published: [],
      identity,
    };
    return { link, change: put(linkOfStudyRecords, toHex(studyId), id) };
  };

  /** The newest link of a patient counts; who gave keys before is no longer sent anything. */
  const attach = async (link: StandingLink, patient: string): Promise<readonly Change[]> => {
    const older = await ofPatient(patient);
    const isOlder = older !== undefined && older.linkId !== link.linkId;
    return [
      save({ ...link, patient }),
      put(linkOfPatientRecords, patient, fromHex(link.linkId)),
      ...(isOlder ? [save({ ...older, state: 'ended', keys: [] })] : []),
    ];
  };

  const change = async (id: string, next: (link: StandingLink) => StandingLink): Promise<void> => {
    const link = ID.test(id) ? await read(fromHex(id)) : undefined;
    if (link === undefined) throw new ExchangeError({ code: 'NOT_FOUND' }, 'there is no such standing link');
    await store.commit([save(next(link))]);
  };

  return {
    ofStudy,
    ofPatient,
    begin(study, prekeys) {
      if (prekeys.length === 0) return [];
      const { link, change: pointer } = create(study, prekeys);
      return [save(link), pointer];
    },
    planned: ({ studyId, patient }, saveAll) =>
      lock('links', async () => {
        if (patient === undefined) return saveAll([]);
        const link = await ofStudy(studyId);
        const isNew = link !== undefined && link.patient === undefined && link.state !== 'ended';
        const known = put(patientRecords, toHex(studyId), patient);
        return saveAll([known, ...(isNew ? await attach(link, patient) : [])]);
      }),
    isAny: async () => (await store.newest(linkRecords, '', { limit: 1 })).length > 0,
    list: async () => (await store.list(linkRecords)).map(({ id, value }) => ({ ...value, linkId: id })),
    leaveKeys: (study, prekeys) =>
      lock('links', async () => {
        const held = await ofStudy(study.studyId);
        if (held !== undefined && held.state !== 'ended') {
          const known = new Set(held.keys.map(({ ownerKey }) => toHex(ownerKey)));
          const added = prekeys.filter(({ ownerKey }) => !known.has(toHex(ownerKey)));
          await store.commit([save({ ...held, keys: [...held.keys, ...added].slice(0, KEYS_MAX) })]);
          return;
        }
        const { link, change: pointer } = create(study, prekeys);
        const patient = await store.get(patientRecords, toHex(study.studyId));
        await store.commit([pointer, ...(patient === undefined ? [save(link)] : await attach(link, patient))]);
      }),
    setState: (id, state) =>
      lock('links', () =>
        change(id, (link) => {
          if (link.state === 'ended') throw noLink();
          return { ...link, state, keys: state === 'ended' ? [] : link.keys };
        }),
      ),
    endOf: (studyId) =>
      lock('links', async () => {
        const link = await ofStudy(studyId);
        if (link !== undefined) await store.commit([save({ ...link, state: 'ended', keys: [] })]);
      }),
    forget: (studyId, erase) =>
      lock('links', async () => {
        const id = toHex(studyId);
        const link = await ofStudy(studyId);
        const patient = await store.get(patientRecords, id);
        const others = (await store.list(linkOfStudyRecords)).filter((other) => other.id !== id);
        const isLast = link !== undefined && !others.some(({ value }) => toHex(value) === link.linkId);
        const named = link?.patient === undefined ? undefined : await ofPatient(link.patient);
        const published = (link?.published ?? []).filter((sent) => !equalBytes(sent.studyId, studyId));
        await erase(
          [
            remove(linkOfStudyRecords, id),
            remove(patientRecords, id),
            ...(link === undefined ? [] : [isLast ? remove(linkRecords, link.linkId) : save({ ...link, published })]),
            ...(isLast && link.patient !== undefined && named?.linkId === link.linkId
              ? [remove(linkOfPatientRecords, link.patient)]
              : []),
          ],
          { isLinkGone: isLast, patient },
        );
      }),
    spend: (patient, study) =>
      lock('links', async () => {
        const link = await ofPatient(patient);
        const key = link?.keys[0];
        if (link === undefined || key === undefined || link.state !== 'active') throw noLink();
        const { studyId, changes } = study(key, link);
        const published = [{ studyId, key: key.ownerKey }, ...link.published].slice(0, STUDIES_MAX);
        await store.commit([
          ...changes,
          save({ ...link, keys: link.keys.slice(1), published }),
          put(linkOfStudyRecords, toHex(studyId), fromHex(link.linkId)),
        ]);
        return link;
      }),
  };
}

const ID = /^[0-9a-f]{32}$/;

function noLink(): ExchangeError {
  return new ExchangeError(
    { code: 'NO_STANDING_LINK' },
    'the patient has no standing link that is active and has keys',
  );
}
