/** Sends a new study of a patient with a standing link: published on one of the keys that she left. Spec: docs/spec/exchange-records.md, section 6. */
import { validatePlainText } from '@radledger/handover';
import type { PacsConnector } from '@radledger/imaging';
import { type Infer, literal, optional, randomBytes, struct, text, toHex, uint } from '@radledger/primitives';
import { ExchangeError } from '../errors.js';
import { type Change, type ExchangeStore, put, type RecordKind } from '../exchange-store.js';
import type { KeyedLock } from '../keyed-lock.js';
import type { DeskAudit } from './desk-audit.js';
import { currentStudy, erasureOf, isReplaceable, newStudy } from './invitations.js';
import { readStudyFacts, type StudyFacts } from './study-facts.js';
import { studyRecords, workRecords, worklistRecords } from './source-records.js';
import type { StandingLink, StandingLinks } from './standing-links.js';

const schema = struct({
  format: literal(1),
  patient: optional(text({ max: 64 })),
  studyDate: optional(text({ max: 8 })),
  label: text({ max: 128 }),
  noticedAtMs: uint(),
});
type NoticedRecord = Infer<typeof schema>;
/** What was read of a study that nobody was invited to, so that it is opened once; the id is the pseudonym of its UID. */
const noticedRecords: RecordKind<NoticedRecord> = { name: 'noticed', schema, bytesMax: 512 };

export interface Sending {
  /** The standing link that a study of the archive can be sent by; undefined when its patient has none. @throws {ImagingError} */
  linkFor(studyInstanceUid: string): Promise<StandingLink | undefined>;
  /**
   * Publishes a study on a key that its patient left. She need not be there.
   * @param label - default: what the archive calls the study
   * @throws {ExchangeError} `STUDY_TAKEN` | `NO_STANDING_LINK`; {HandoverError} `TEXT_REFUSED`; {ImagingError}
   */
  send(studyInstanceUid: string, label?: string): Promise<void>;
  /**
   * Sends a study that has just become whole, when its patient's link is older than the study.
   * @returns false when it should be asked again later: it is to be held back for now, or the link has no keys left
   */
  offer(studyInstanceUid: string): Promise<boolean>;
}

export function createSending(options: {
  readonly store: ExchangeStore;
  readonly lock: KeyedLock;
  readonly connector: PacsConnector;
  readonly source: Uint8Array;
  readonly links: StandingLinks;
  /** How long a study is held back before it is sent by itself, in ms. */
  readonly releaseMs: number;
  readonly onClaimed: (studyId: Uint8Array) => void;
  readonly deskAudit: DeskAudit;
  readonly now: () => number;
  readonly onFailure: (error: unknown) => void;
}): Sending {
  const { store, lock, links, now } = options;

  const read = async (studyInstanceUid: string): Promise<StudyFacts> => {
    const snapshot = await options.connector.openStudy(studyInstanceUid);
    try {
      const facts = await readStudyFacts(snapshot);
      return { ...facts, patient: facts.patient && store.pseudonymOf(facts.patient) };
    } finally {
      await snapshot.close();
    }
  };

  const notice = async (studyInstanceUid: string): Promise<NoticedRecord> => {
    const id = store.pseudonymOf(studyInstanceUid);
    const known = await store.get(noticedRecords, id);
    if (known !== undefined) return known;
    const noticed: NoticedRecord = { format: 1, ...(await read(studyInstanceUid)), noticedAtMs: now() };
    await store.commit([put(noticedRecords, id, noticed)]);
    return noticed;
  };

  const sendTo = (patient: string, studyInstanceUid: string, label: string): Promise<void> => {
    const worklistId = store.pseudonymOf(studyInstanceUid);
    return lock(`worklist/${worklistId}`, async () => {
      const older = await currentStudy(store, studyInstanceUid);
      if (older !== undefined && !isReplaceable(older)) {
        throw new ExchangeError({ code: 'STUDY_TAKEN' }, 'the study is claimed or published; retire it first');
      }
      const erased = older === undefined ? [] : await erasureOf(store, older);
      const drafted = newStudy({ source: options.source, studyInstanceUid, label, invitationId: randomBytes(16) });
      const { studyId } = drafted;
      const { identity } = await links.spend(patient, (key, link) => {
        // Nobody asked, so nobody is answered: she asks for the study secret with her own key.
        const claim = { ...key, prekeys: [], claimHash: new Uint8Array(32), reply: new Uint8Array(0) };
        const changes = [
          ...erased,
          put(studyRecords, toHex(studyId), { ...drafted, state: 'claimed', claim, identity: link.identity }),
          put(worklistRecords, worklistId, studyId),
          put(workRecords, toHex(studyId), 0),
        ];
        return { studyId, changes };
      });
      // What was done is done, also when the trail cannot be written.
      await options
        .deskAudit({ kind: 'sent', studyId, identityCheckedBy: identity?.checkedBy })
        .catch(options.onFailure);
      options.onClaimed(studyId);
    });
  };

  return {
    async linkFor(studyInstanceUid) {
      const { patient } = await read(studyInstanceUid);
      return patient === undefined ? undefined : links.ofPatient(patient);
    },
    async send(studyInstanceUid, label) {
      const facts = await read(studyInstanceUid);
      const shown = validatePlainText(label ?? facts.label, { field: 'label', bytesMax: 128 });
      if (facts.patient === undefined) {
        throw new ExchangeError({ code: 'NO_STANDING_LINK' }, 'the archive names no id of the patient');
      }
      await sendTo(facts.patient, studyInstanceUid, shown);
    },
    async offer(studyInstanceUid) {
      if (!(await links.isAny())) return true;
      const { patient, studyDate, label, noticedAtMs } = await notice(studyInstanceUid);
      const link = patient === undefined ? undefined : await links.ofPatient(patient);
      if (patient === undefined || link === undefined || link.state !== 'active') return true;
      // What was there before she left her keys was for the desk to decide.
      if (studyDate === undefined || studyDate < dayOf(link.createdAtMs)) return true;
      if (link.keys.length === 0 || now() < noticedAtMs + options.releaseMs) return false;
      await sendTo(patient, studyInstanceUid, label);
      return true;
    },
  };
}

/**
 * From now on only the desk sends this study: what the archive says of its patient is in doubt, or she had it erased. Holds neither time nor
 * name: nothing leads from it to what was on the ledger.
 */
export function sentByDeskAlone(store: ExchangeStore, studyInstanceUid: string): Change {
  const nothing = { patient: undefined, studyDate: undefined, label: '', noticedAtMs: 0 };
  return put(noticedRecords, store.pseudonymOf(studyInstanceUid), { format: 1, ...nothing });
}

/** `YYYYMMDD`, UTC. */
function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10).replaceAll('-', '');
}
