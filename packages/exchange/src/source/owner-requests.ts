/** What owners order of their source, besides secrets and logs. Spec: docs/spec/gateway-api.md, section 1; docs/spec/links.md, section 17. */
import type { StudyCell } from '@radledger/chain';
import {
  decodeOwnerRequest,
  type OwnerReply,
  type OwnerRequest,
  REQUEST_SKEW_MS,
  sealOwnerReply,
  verifyOwnerRequest,
} from '@radledger/handover';
import { equalBytes, toHex } from '@radledger/primitives';
import { ExchangeError } from '../errors.js';
import type { ExchangeStore } from '../exchange-store.js';
import type { KeyedLock } from '../keyed-lock.js';
import type { LedgerPort } from '../ledger-port.js';
import { type LedgerView, requireUsable } from '../ledger-view.js';
import { roleOf } from './authorise.js';
import type { Mailboxes } from './mailboxes.js';
import type { LimitOwner } from './owner-limits.js';
import type { PrivacyOffice } from './privacy-office.js';
import { refusedRequest } from './refused-request.js';
import { keepReaderName } from './reader-names.js';
import type { Replacements } from './replacements.js';
import type { DurableReplayStore } from './replay-store.js';
import type { SourceIdentity } from './source-identity.js';
import { type StudyRecord, studyRecords } from './source-records.js';
import type { StandingLinks } from './standing-links.js';

export interface OwnerRequestsOptions {
  readonly store: ExchangeStore;
  readonly ledger: LedgerPort;
  readonly view: LedgerView;
  readonly identity: SourceIdentity;
  readonly replay: DurableReplayStore;
  readonly limitOwner: LimitOwner;
  readonly links: StandingLinks;
  readonly mailboxes: Mailboxes;
  readonly office: PrivacyOffice;
  readonly replacements: Replacements;
  readonly lock: KeyedLock;
  readonly isWrongPatient: (studyId: Uint8Array) => boolean;
  /** Whether a study is to be erased: nothing more is written of it. */
  readonly isErased: (studyId: Uint8Array) => boolean;
  readonly endWrong: (study: StudyRecord, by: 'owner') => Promise<void>;
  readonly now: () => number;
}

/**
 * Makes the function that carries out an order and answers how things stand then. Who owns the study on the finalized ledger may order; before
 * it is there, who claimed it. Her delegate may open a mailbox, and is told nothing of how things stand.
 * @throws {ExchangeError} (when called) `MALFORMED_REQUEST` | `SIGNATURE_INVALID` | `REQUEST_EXPIRED` | `REPLAYED` | `VIEW_STALE` |
 *   `STUDY_UNKNOWN` | `NO_STANDING_LINK` | `NO_REPLACEMENT` | `MAILBOX_TAKEN` | `TOO_MANY_REQUESTS`
 */
export function createOwnerRequests(options: OwnerRequestsOptions): (requestBytes: Uint8Array) => Promise<Uint8Array> {
  const { store, links, replacements, identity, now } = options;

  return async (requestBytes) => {
    const request = await readOwnerRequest(requestBytes, { ...identity, nowMs: now() });
    const { study, isHers } = await studyOf(request);
    const untilMs = request.timeMs + 2 * REQUEST_SKEW_MS;
    options.limitOwner(request.key);
    if (!(await options.replay.remember(toHex(request.key), toHex(request.nonce), untilMs))) {
      throw new ExchangeError({ code: 'REPLAYED' }, 'this request was carried out before; make a new one');
    }
    await carryOut(request, study);
    const reply = await standingOf(study, { hasLink: isLinked(study, request), isHers });
    return sealOwnerReply({ request, reply, signer: identity.signer });
  };

  async function studyOf({
    studyId,
    key,
    order,
  }: OwnerRequest): Promise<{ readonly study: StudyRecord; readonly isHers: boolean }> {
    requireUsable(options.view);
    const study = await store.get(studyRecords, toHex(studyId));
    const cell = await options.ledger.study(identity.source, studyId);
    const owner = cell?.owner ?? study?.claim?.ownerKey;
    const isHers = owner !== undefined && equalBytes(owner, key);
    // It tells and changes nothing of the study.
    const mayAct = isHers || (order.kind === 'open-mailbox' && cell !== undefined && isDelegate(cell, key));
    const isHere = study !== undefined && !options.isWrongPatient(studyId) && !options.isErased(studyId);
    if (isHere && mayAct) return { study, isHers };
    throw unknownStudy();
  }

  function isDelegate(cell: StudyCell, key: Uint8Array): boolean {
    return roleOf(cell, key, Math.max(now(), options.view.head.timestampMs)) === 'delegate';
  }

  async function carryOut({ order, key }: OwnerRequest, study: StudyRecord): Promise<void> {
    const { studyId, studyInstanceUid } = study;
    switch (order.kind) {
      case 'look':
        return;
      case 'leave-keys':
        if (!isLinked(study, { key })) throw noLink();
        return whileKept(studyId, () => links.leaveKeys(study, order.prekeys));
      case 'pause-link':
        return setLink(study, key, 'paused');
      case 'resume-link':
        return setLink(study, key, 'active');
      case 'end-link':
        return setLink(study, key, 'ended');
      case 'wrong-patient':
        return options.endWrong(study, 'owner');
      case 'stop-replacement':
        return replacements.stop(studyId, 'owner');
      case 'confirm-replacement':
        return replacements.confirm(studyId);
      case 'tell-privacy-office':
        return whileKept(studyId, () => options.office.tell({ studyId, studyInstanceUid, text: order.text }));
      case 'open-mailbox':
        return options.mailboxes.open(key, order.mailboxId);
      case 'name-reader':
        return whileKept(studyId, () => keepReaderName(store, studyId, order, now()));
    }
  }

  /** What is written of a study is not written behind its erasure. */
  function whileKept(studyId: Uint8Array, write: () => Promise<void>): Promise<void> {
    const id = toHex(studyId);
    return options.lock(`study/${id}`, async () => {
      if (options.isErased(studyId) || (await store.get(studyRecords, id)) === undefined) throw unknownStudy();
      await write();
    });
  }

  async function setLink(study: StudyRecord, key: Uint8Array, state: 'active' | 'paused' | 'ended'): Promise<void> {
    const link = isLinked(study, { key }) ? await links.ofStudy(study.studyId) : undefined;
    if (link === undefined) throw noLink();
    return links.setState(link.linkId, state);
  }

  async function standingOf(
    { studyId }: StudyRecord,
    { hasLink, isHers }: { readonly hasLink: boolean; readonly isHers: boolean },
  ): Promise<Omit<OwnerReply, 'source' | 'studyId'>> {
    const link = hasLink ? await links.ofStudy(studyId) : undefined;
    const replacement = isHers ? await replacements.of(studyId) : undefined;
    return {
      link: link?.state ?? 'none',
      keysLeft: link?.keys.length ?? 0,
      replacement: replacement && { requestedAtMs: replacement.requestedAtMs, dueAtMs: replacement.dueAtMs },
      published: link?.published ?? [],
      issuedAtMs: now(),
    };
  }
}

/**
 * Reads a request and checks all that needs no records.
 * @throws {ExchangeError} `MALFORMED_REQUEST` | `SIGNATURE_INVALID` | `REQUEST_EXPIRED`
 */
export async function readOwnerRequest(
  requestBytes: Uint8Array,
  expected: Pick<SourceIdentity, 'chainId' | 'source'> & { readonly nowMs: number },
): Promise<OwnerRequest> {
  try {
    const request = decodeOwnerRequest(requestBytes);
    await verifyOwnerRequest(request, expected);
    return request;
  } catch (cause) {
    throw refusedRequest(cause);
  }
}

export function unknownStudy(): ExchangeError {
  return new ExchangeError({ code: 'STUDY_UNKNOWN' }, 'this source holds no such study of yours');
}

/** The link answers to the key that the study was claimed with: not to whom one study was moved. */
function isLinked({ claim }: StudyRecord, { key }: Pick<OwnerRequest, 'key'>): boolean {
  return claim !== undefined && equalBytes(claim.ownerKey, key);
}

function noLink(): ExchangeError {
  return new ExchangeError({ code: 'NO_STANDING_LINK' }, 'there is no standing link that this key may change');
}
