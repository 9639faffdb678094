/** Client of the operator API's part for the desk and the privacy office. Spec: docs/spec/gateway-api.md, section 2. */
import type { IdentityCheck } from '@radledger/handover';
import { toHex } from '@radledger/primitives';
import { Http, type HttpOptions } from './http.js';
import { JsonReader } from './json-reader.js';
import { type IssuedInvitation, readInvitation } from './operator-client.js';

interface CallOptions {
  readonly signal?: AbortSignal;
}

/** Why nobody waits for the patient's word. */
export type EmergencyReason = 'cannot-consent' | 'threat-to-life';

/** Keys that a patient left for her next studies. */
export interface StandingLinkState {
  readonly linkId: string;
  readonly createdAtMs: number;
  /** `active`, `paused` or `ended`. */
  readonly state: string;
  readonly keysLeft: number;
  /** Studies published on its keys, as far as they are remembered. */
  readonly published: number;
}

/** Holds patient data. */
export interface PrivacyOfficeEntry {
  readonly entryId: string;
  readonly atMs: number;
  /** `wrong-patient`, `sent-by-same-link`, `message`, `replacement-asked`, `replacement-confirmed`, `replacement-stopped`, `access-replaced` or `emergency`. */
  readonly kind: string;
  /** `desk`, `owner` or `source`. */
  readonly by: string;
  readonly studyId: Uint8Array;
  readonly studyInstanceUid: string;
  readonly text: string;
  readonly closedAtMs: number | null;
}

/** A study that is to be erased, or was. */
export interface OperatorErasure {
  readonly studyId: Uint8Array;
  /** `erasing` until the ledger shows it as retired and nobody reads it, then `erased`. */
  readonly state: string;
  readonly erasedAtMs: number | null;
  readonly erased: readonly string[];
  /** `untilMs`: when the source erases that too; null when it has no such time. */
  readonly stays: readonly { readonly what: string; readonly untilMs: number | null }[];
  /** The signed note, for the patient or for the file: `verifyErasureNote` of `@radledger/handover`. */
  readonly note: Uint8Array | null;
}

/** What the desk and the privacy office ask of a gateway. */
export interface DeskClient {
  /** The standing link that a study of the archive can be sent by. */
  standingLink(studyInstanceUid: string, options?: CallOptions): Promise<StandingLinkState | null>;
  standingLinks(options?: CallOptions): Promise<readonly StandingLinkState[]>;
  setStandingLink(
    input: { linkId: string; state: 'active' | 'paused' | 'ended' },
    options?: CallOptions,
  ): Promise<void>;
  /**
   * Publishes a study on a key that its patient left.
   * @param input.label - what she is shown; default: what the archive calls the study
   * @throws {ClientError} `REFUSED` with reason `NO_STANDING_LINK` or `STUDY_TAKEN`
   */
  send(input: { studyInstanceUid: string; label?: string }, options?: CallOptions): Promise<void>;
  /** Ends a study that was given to the wrong patient, whatever state it is in. */
  wrongPatient(studyInstanceUid: string, options?: CallOptions): Promise<void>;
  /**
   * Erases what tells whose images a study's records on the ledger are of; nobody is served from then on.
   * @returns one for each record of the study, most often one; `erasures` tells when it is done
   * @throws {ClientError} `REFUSED` with reason `STUDY_NOT_FOUND`
   */
  erase(studyInstanceUid: string, options?: CallOptions): Promise<readonly OperatorErasure[]>;
  erasures(options?: CallOptions): Promise<readonly OperatorErasure[]>;
  /** @returns an invitation that can be claimed from `availableAtMs` on, unless the old key stops it */
  replaceAccess(
    input: { studyInstanceUid: string; identityCheckedBy: IdentityCheck },
    options?: CallOptions,
  ): Promise<IssuedInvitation & { readonly availableAtMs: number }>;
  cancelReplacement(studyInstanceUid: string, options?: CallOptions): Promise<void>;
  /**
   * Break-glass: lets a key that the site names read a study for 24 hours without the patient's word; she sees it.
   * @param input.clinician - who asks; `confirmedBy`: who else looked at it here
   * @throws {ClientError} `REFUSED` with reason `EMERGENCY_REFUSED` or `NOT_PUBLISHED`
   */
  releaseInEmergency(
    input: {
      studyInstanceUid: string;
      receiver: Uint8Array;
      clinician: string;
      confirmedBy: string;
      reason: EmergencyReason;
    },
    options?: CallOptions,
  ): Promise<{ readonly studyId: Uint8Array; readonly untilMs: number }>;
  /** Oldest first. */
  privacyOffice(options?: CallOptions): Promise<readonly PrivacyOfficeEntry[]>;
  /** @returns a page of A4 as PDF: the link as QR code, or the six digits, never both */
  invitationSheet(
    input: { invitationId: string; language: 'en' | 'de'; part: 'invitation' | 'code' },
    options?: CallOptions,
  ): Promise<Uint8Array>;
  closeEntry(entryId: string, options?: CallOptions): Promise<void>;
}

/** @param options.bearerToken - the content of the gateway's token file */
export function createDeskClient(options: HttpOptions & { bearerToken: string }): DeskClient {
  const http = new Http(options);
  const post = async (path: string, body: Readonly<Record<string, unknown>>, { signal }: CallOptions = {}) =>
    new JsonReader(await http.json(path, { method: 'POST', body, signal }));
  const get = async (path: string, { signal }: CallOptions = {}) => new JsonReader(await http.json(path, { signal }));
  const ofStudy = (studyInstanceUid: string, what: string) =>
    `/v1/studies/${encodeURIComponent(studyInstanceUid)}/${what}`;
  return {
    async standingLink(studyInstanceUid, call) {
      const reader = await get(ofStudy(studyInstanceUid, 'standing-link'), call);
      return reader.isAbsent('link') ? null : readLink(reader.raw('link'), 'link');
    },
    standingLinks: async (call) => (await get('/v1/standing-links', call)).list('links', readLink),
    async setStandingLink({ linkId, state }, call) {
      await post(`/v1/standing-links/${encodeURIComponent(linkId)}`, { state }, call);
    },
    async send({ studyInstanceUid, label }, call) {
      await post(ofStudy(studyInstanceUid, 'send'), label === undefined ? {} : { label }, call);
    },
    async wrongPatient(studyInstanceUid, call) {
      await post(ofStudy(studyInstanceUid, 'wrong-patient'), {}, call);
    },
    erase: async (studyInstanceUid, call) =>
      (await post(ofStudy(studyInstanceUid, 'erase'), {}, call)).list('erasures', readErasure),
    erasures: async (call) => (await get('/v1/erasures', call)).list('erasures', readErasure),
    async replaceAccess({ studyInstanceUid, identityCheckedBy }, call) {
      const reader = await post(ofStudy(studyInstanceUid, 'replace-access'), { identityCheckedBy }, call);
      return { ...readInvitation(reader), availableAtMs: reader.integer('availableAtMs') };
    },
    async cancelReplacement(studyInstanceUid, call) {
      await post(ofStudy(studyInstanceUid, 'replace-access/cancel'), {}, call);
    },
    async releaseInEmergency({ studyInstanceUid, receiver, ...input }, call) {
      const reader = await post(ofStudy(studyInstanceUid, 'emergency'), { receiver: toHex(receiver), ...input }, call);
      return { studyId: reader.bytes('studyId', 32), untilMs: reader.integer('untilMs') };
    },
    privacyOffice: async (call) => (await get('/v1/privacy-office', call)).list('entries', readEntry),
    invitationSheet: ({ invitationId, language, part }, { signal } = {}) =>
      http.octets(`/v1/invitations/${encodeURIComponent(invitationId)}/sheet?language=${language}&part=${part}`, {
        signal,
      }),
    async closeEntry(entryId, call) {
      await post(`/v1/privacy-office/${encodeURIComponent(entryId)}/close`, {}, call);
    },
  };
}

function readLink(item: unknown, path: string): StandingLinkState {
  const reader = new JsonReader(item, path);
  return {
    linkId: reader.string('linkId', 128),
    createdAtMs: reader.integer('createdAtMs'),
    state: reader.string('state', 64),
    keysLeft: reader.integer('keysLeft'),
    published: reader.integer('published'),
  };
}

function readErasure(item: unknown, path: string): OperatorErasure {
  const reader = new JsonReader(item, path);
  return {
    studyId: reader.bytes('studyId', 32),
    state: reader.string('state', 64),
    erasedAtMs: reader.integerOrNull('erasedAtMs'),
    erased: reader.list('erased', readText),
    stays: reader.list('stays', readStaying),
    note: reader.bytesOrNull('note'),
  };
}

function readStaying(item: unknown, path: string): OperatorErasure['stays'][number] {
  const reader = new JsonReader(item, path);
  return { what: reader.string('what', 64), untilMs: reader.integerOrNull('untilMs') };
}

function readText(item: unknown, path: string): string {
  return new JsonReader({ text: item }, path).string('text', 64);
}

function readEntry(item: unknown, path: string): PrivacyOfficeEntry {
  const reader = new JsonReader(item, path);
  return {
    entryId: reader.string('entryId', 128),
    atMs: reader.integer('atMs'),
    kind: reader.string('kind', 64),
    by: reader.string('by', 64),
    studyId: reader.bytes('studyId', 32),
    studyInstanceUid: reader.string('studyInstanceUid', 64),
    text: reader.string('text'),
    closedAtMs: reader.integerOrNull('closedAtMs'),
  };
}
