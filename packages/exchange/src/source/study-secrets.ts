/** The request of an owner, or of her delegate, for a study secret (D4): twelve words alone restore control. Spec: docs/spec/gateway-api.md, section 1. */
import {
  decodeStudySecretRequest,
  REQUEST_SKEW_MS,
  type Role,
  type StudySecretRequest,
  sealStudySecretReply,
  verifyStudySecretRequest,
} from '@radledger/handover';
import { toHex } from '@radledger/primitives';
import { studySalts } from '@radledger/transactions';
import { ExchangeError } from '../errors.js';
import { type Decoy, type ExchangeStore, put } from '../exchange-store.js';
import type { KeyedLock } from '../keyed-lock.js';
import type { LedgerPort } from '../ledger-port.js';
import { type LedgerView, requireUsable } from '../ledger-view.js';
import { roleOf } from './authorise.js';
import type { Eras } from './eras.js';
import { type DisclosureOptions, identityFor } from './invitations.js';
import type { LimitOwner } from './owner-limits.js';
import { refusedRequest } from './refused-request.js';
import type { DurableReplayStore } from './replay-store.js';
import type { SourceIdentity } from './source-identity.js';
import { type StudyRecord, studyRecords } from './source-records.js';

export interface StudySecretsOptions {
  readonly store: ExchangeStore;
  readonly lock: KeyedLock;
  readonly ledger: LedgerPort;
  readonly view: LedgerView;
  readonly identity: SourceIdentity;
  readonly eras: Eras;
  readonly replay: DurableReplayStore;
  readonly limitOwner: LimitOwner;
  readonly decoy: Decoy<StudyRecord>;
  /** Whether a study was given to the wrong patient: its owner is told nothing more. */
  readonly isWrongPatient: (studyId: Uint8Array) => boolean;
  readonly now: () => number;
}

/**
 * Makes the answer to study secret requests: for the key that owns the study on the finalized ledger now, and for that of her delegate, who
 * needs the salts to allow; the owner's note is the owner's alone.
 * The returned function gives the sealed reply.
 * @throws {ExchangeError} (when called) `MALFORMED_REQUEST` | `SIGNATURE_INVALID` | `REQUEST_EXPIRED` | `VIEW_STALE` |
 *   `STUDY_UNKNOWN` | `TOO_MANY_REQUESTS` | `REPLAYED`
 */
export function createStudySecrets(
  options: StudySecretsOptions,
): (requestBytes: Uint8Array, reading?: DisclosureOptions) => Promise<Uint8Array> {
  const { store, lock, ledger, view, identity, now } = options;

  return async (requestBytes, reading) => {
    const request = await readRequest(requestBytes);
    requireUsable(view);
    const id = toHex(request.studyId);
    const { found } = await store.getOrDecoy(studyRecords, id, options.decoy);
    const cell = await ledger.study(identity.source, request.studyId);
    const role = cell && roleOf(cell, request.ownerKey, Math.max(now(), view.head.timestampMs));
    if (!found || cell === undefined || role === undefined || options.isWrongPatient(request.studyId)) {
      throw new ExchangeError({ code: 'STUDY_UNKNOWN' }, 'this source holds no such study of yours');
    }
    options.limitOwner(request.ownerKey);
    const untilMs = request.timeMs + 2 * REQUEST_SKEW_MS;
    if (!(await options.replay.remember(toHex(request.ownerKey), toHex(request.nonce), untilMs))) {
      throw new ExchangeError({ code: 'REPLAYED' }, 'this request was answered before; make a new one');
    }
    await options.eras.reach(request.studyId, cell.era);
    const study = await lock(`study/${id}`, () => keepNote(id, request, role));
    return seal(request, study, { era: cell.era, role, reading });
  };

  async function readRequest(requestBytes: Uint8Array): Promise<StudySecretRequest> {
    const { chainId, source } = identity;
    try {
      const request = decodeStudySecretRequest(requestBytes);
      await verifyStudySecretRequest(request, { chainId, source, nowMs: now() });
      return request;
    } catch (cause) {
      throw refusedRequest(cause);
    }
  }

  async function keepNote(id: string, { note, timeMs }: StudySecretRequest, role: Role): Promise<StudyRecord> {
    const study = await store.get(studyRecords, id);
    if (study === undefined)
      throw new ExchangeError({ code: 'STUDY_UNKNOWN' }, 'this source holds no such study of yours');
    // An older request that arrives late must not bring an older note back.
    if (role !== 'owner' || note === undefined || (study.ownerNote?.writtenAtMs ?? -1) >= timeMs) return study;
    const noted: StudyRecord = { ...study, ownerNote: { writtenAtMs: timeMs, sealed: note } };
    await store.commit([put(studyRecords, id, noted)]);
    return noted;
  }

  function seal(
    request: StudySecretRequest,
    study: StudyRecord,
    {
      era,
      role,
      reading,
    }: { readonly era: number; readonly role: Role; readonly reading: DisclosureOptions | undefined },
  ): Promise<Uint8Array> {
    const { studySalt, contentSalt } = studySalts(study.secret);
    const grantSalt = study.grantSalts[era];
    if (grantSalt === undefined) throw new ExchangeError({ code: 'VIEW_STALE' }, 'the study has just moved; retry');
    return sealStudySecretReply({
      request,
      signer: identity.signer,
      disclosure: {
        source: identity.source,
        studyId: study.studyId,
        ownerKey: request.ownerKey,
        era,
        studySalt,
        contentSalt,
        grantSalt,
        studyInstanceUid: study.studyInstanceUid,
        label: study.label,
        issuedAtMs: now(),
        ...(study.ownerNote === undefined || role !== 'owner' ? {} : { note: study.ownerNote }),
        ...identityFor(study, request, reading),
      },
    });
  }
}
