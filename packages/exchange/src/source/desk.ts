/**
 * What a source does for people besides serving: standing links, mailboxes, the wrong patient, replaced access, the privacy office.
 * One object, so that vendors see it as one thing. Spec: docs/spec/gateway-api.md, sections 1 and 2.
 */
import type { PacsConnector } from '@radledger/imaging';
import { equalBytes, toHex } from '@radledger/primitives';
import type { Audit } from '../audit/audit-trail.js';
import { ExchangeError } from '../errors.js';
import { type Change, type ExchangeStore, put } from '../exchange-store.js';
import type { KeyedLock } from '../keyed-lock.js';
import type { LedgerPort } from '../ledger-port.js';
import type { LedgerView } from '../ledger-view.js';
import type { DeskAudit } from './desk-audit.js';
import { currentStudy, type FoundInvitation, type Invitations } from './invitations.js';
import type { Emergencies, EmergencyInput, EmergencyRecord } from './emergencies.js';
import { createMailboxes, type Mailboxes } from './mailboxes.js';
import { createErasureAnswers } from './erasure-answers.js';
import type { Erasure, Erasures } from './erasures.js';
import type { LimitOwner } from './owner-limits.js';
import { createOwnerRequests } from './owner-requests.js';
import { createPrivacyOffice, type PrivacyOffice } from './privacy-office.js';
import type { Publisher } from './publisher.js';
import { createReplacements, type Replacements } from './replacements.js';
import { createReplayStore } from './replay-store.js';
import { createSending, type Sending, sentByDeskAlone } from './sending.js';
import type { SourceIdentity } from './source-identity.js';
import { type StudyRecord, studyRecords, workRecords } from './source-records.js';
import type { StandingLinks } from './standing-links.js';
import type { WrongPatients } from './wrong-patients.js';

export interface Desk {
  /** Carries out an owner's signed order. @returns the sealed answer @throws {ExchangeError} see `createOwnerRequests` */
  ownerRequest(requestBytes: Uint8Array): Promise<Uint8Array>;
  readonly mailboxes: Pick<Mailboxes, 'leave' | 'read'>;
  readonly links: Pick<StandingLinks, 'list' | 'setState'>;
  readonly linkFor: Sending['linkFor'];
  readonly send: Sending['send'];
  /** Ends a study that was given to the wrong patient. @throws {ExchangeError} `STUDY_NOT_FOUND` when nobody was invited to it */
  endWrongPatient(studyInstanceUid: string): Promise<void>;
  readonly replaceAccess: Replacements['ask'];
  /** @throws {ExchangeError} `STUDY_NOT_FOUND` | `NO_REPLACEMENT` */
  cancelReplacement(studyInstanceUid: string): Promise<void>;
  /** Lets one key read a study for a day without the patient's word. @throws see `Emergencies` */
  releaseInEmergency(input: EmergencyInput): Promise<EmergencyRecord>;
  /**
   * Erases what tells whose images a study's records on the ledger are of: all records of it, also earlier ones. Nobody is served from then on;
   * each is retired first, and erased when that is final. @throws {ExchangeError} `STUDY_NOT_FOUND`
   */
  erase(studyInstanceUid: string): Promise<readonly Erasure[]>;
  /** Those that are to be erased, and those that were. */
  erasures(): Promise<readonly Erasure[]>;
  /** The note of an erased study, sealed to its owner or her delegate. @throws {ExchangeError} see `createErasureAnswers` */
  erasureNote(requestBytes: Uint8Array): Promise<Uint8Array>;
  readonly office: Pick<PrivacyOffice, 'list' | 'close'>;
  /** What is printed on an invitation's sheets; the name is the ledger's. @throws {ExchangeError} see `Invitations.find` */
  sheetOf(invitationId: string): Promise<FoundInvitation & { readonly sourceName: string }>;
}

export interface DeskOptions {
  readonly store: ExchangeStore;
  readonly lock: KeyedLock;
  readonly ledger: LedgerPort;
  readonly view: LedgerView;
  readonly identity: SourceIdentity;
  readonly connector: PacsConnector;
  readonly publisher: Publisher;
  readonly invitations: Pick<Invitations, 'draft' | 'find'>;
  /** Address of the patient-facing API: its host stands for a source that has no name on the ledger yet. */
  readonly gatewayApi: string;
  readonly links: StandingLinks;
  readonly wrongPatients: WrongPatients;
  readonly erasures: Erasures;
  readonly emergencies: Pick<Emergencies, 'release'>;
  readonly audit: Audit;
  readonly limitOwner: LimitOwner;
  readonly endpointUrl: string;
  readonly deskAudit: DeskAudit;
  /** How long a study is held back before it is sent by itself, in ms. */
  readonly releaseMs: number;
  readonly onClaimed: (studyId: Uint8Array) => void;
  readonly now: () => number;
  readonly onFailure: (error: unknown) => void;
}

/** @returns also what the source does by itself: `offer` a study that became whole, and `advance` what is due */
export function createDesk(options: DeskOptions): Desk & Pick<Sending, 'offer'> & Pick<Replacements, 'advance'> {
  const { store, lock, links, publisher, wrongPatients, erasures, identity, now } = options;
  const { source } = identity;
  const mailboxes = createMailboxes(options);
  const office = createPrivacyOffice({ ...options, source });
  const replacements = createReplacements({ ...options, office });
  const sending = createSending({ ...options, source });

  /** What else went to the same keys: somebody has to look whose it is. */
  const sentBesides = async (studyId: Uint8Array): Promise<readonly Change[]> => {
    const link = await links.ofStudy(studyId);
    const others = (link?.published ?? []).filter((sent) => !equalBytes(sent.studyId, studyId));
    return Promise.all(
      others.map(async (sent) => {
        const study = await store.get(studyRecords, toHex(sent.studyId));
        const named = { studyId: sent.studyId, studyInstanceUid: study?.studyInstanceUid ?? '' };
        return office.changeOf({ kind: 'sent-by-same-link', by: 'source', ...named, text: '' });
      }),
    );
  };

  /** Told twice is told once. When it resolves, nobody is served and nobody is told anything of the study. */
  const endWrong = async (study: StudyRecord, by: 'desk' | 'owner'): Promise<void> => {
    const { studyId, studyInstanceUid } = study;
    if (wrongPatients.has(studyId)) return;
    const entry = { kind: 'wrong-patient', by, studyId, studyInstanceUid, text: '' } as const;
    // With work to do: a stop right behind it must not leave the study as it was.
    const marks = [wrongPatients.mark(studyId), sentByDeskAlone(store, studyInstanceUid)];
    await office.enter(entry, [...marks, put(workRecords, toHex(studyId), 0), ...(await sentBesides(studyId))]);
    await links.endOf(studyId);
    await replacements.drop(studyId);
    await publisher.advance(studyId).catch(options.onFailure);
  };

  const current = async (studyInstanceUid: string): Promise<StudyRecord> => {
    const study = await currentStudy(store, studyInstanceUid);
    if (study !== undefined) return study;
    throw notInvited();
  };

  /** Also those of earlier owners: each names the same images. */
  const recordsOf = async (studyInstanceUid: string): Promise<readonly Uint8Array[]> => {
    const found: Uint8Array[] = [];
    for await (const { value } of store.scan(studyRecords)) {
      if (value.studyInstanceUid === studyInstanceUid) found.push(value.studyId);
    }
    return found;
  };

  const erase = async (studyInstanceUid: string): Promise<readonly Erasure[]> => {
    for (const studyId of await recordsOf(studyInstanceUid)) await replacements.drop(studyId);
    const studyIds = await recordsOf(studyInstanceUid);
    if (studyIds.length === 0) throw notInvited();
    await store.commit(studyIds.flatMap((studyId) => erasures.mark(studyId)));
    for (const studyId of studyIds) await publisher.advance(studyId).catch(options.onFailure);
    const isOne = ({ studyId }: Erasure): boolean => studyIds.some((id) => equalBytes(id, studyId));
    return (await erasures.list()).filter(isOne);
  };

  const replay = createReplayStore({ store, lock, scope: 'owner-request', now });
  const isWrongPatient = (studyId: Uint8Array): boolean => wrongPatients.has(studyId);
  return {
    ownerRequest: createOwnerRequests({
      ...options,
      mailboxes,
      office,
      replacements,
      endWrong,
      replay,
      isWrongPatient,
      isErased: (studyId) => erasures.has(studyId),
    }),
    erase,
    erasures: () => erasures.list(),
    erasureNote: createErasureAnswers({ ...options, replay, isWrongPatient }),
    mailboxes,
    links,
    office,
    linkFor: (studyInstanceUid) => sending.linkFor(studyInstanceUid),
    send: (studyInstanceUid, label) => sending.send(studyInstanceUid, label),
    offer: (studyInstanceUid) => sending.offer(studyInstanceUid),
    endWrongPatient: async (studyInstanceUid) => endWrong(await current(studyInstanceUid), 'desk'),
    releaseInEmergency: (input) => options.emergencies.release(input, office),
    replaceAccess: (studyInstanceUid, identityCheckedBy) => replacements.ask(studyInstanceUid, identityCheckedBy),
    cancelReplacement: async (studyInstanceUid) => replacements.stop((await current(studyInstanceUid)).studyId, 'desk'),
    advance: () => replacements.advance(),
    async sheetOf(invitationId) {
      const invitation = await options.invitations.find(invitationId);
      const endpoint = (await options.ledger.source(source))?.endpoint;
      return { ...invitation, sourceName: endpoint?.name ?? new URL(options.gatewayApi).host };
    },
  };
}

function notInvited(): ExchangeError {
  return new ExchangeError({ code: 'STUDY_NOT_FOUND' }, 'expected a study that somebody was invited to');
}
