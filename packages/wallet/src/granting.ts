/** Allowing, telling the recipient, and stopping. */
import type { GrantCell } from '@radledger/chain';
import { isRefusal } from '@radledger/client';
import { type SignedImageRequest, sealGrantNotice, verifyImageRequest } from '@radledger/handover';
import { equalBytes, toHex } from '@radledger/primitives';
import { openingOf, recipientTag } from '@radledger/transactions';
import { consentReceiptHash } from './consent-receipt.js';
import { WalletError } from './errors.js';
import type { Head } from './ledger-view.js';
import { showGrants } from './showing.js';
import { refreshSecrets } from './study-secrets.js';
import { receiverOf, type RequestOrigin } from './request-origin.js';
import { activeStudy, checkEnd } from './usable-study.js';
import type { CallOptions, Finalized, LongOptions } from './views.js';
import { signalOf, type WalletCore } from './wallet-core.js';
import type { GrantRecord, StudyRecord } from './wallet-state.js';

/** What an Allow is made from. */
export interface AllowInput {
  readonly studyId: Uint8Array;
  readonly request: SignedImageRequest;
  readonly notAfterMs: number;
  /** What `originOf` found for the request: kept, and told to the source, which accounts for whom it gave images to. */
  readonly origin?: RequestOrigin;
  /** A consent receipt. */
  readonly receipt?: Uint8Array;
}

/** See `Wallet.allow`. */
export async function allow(
  core: WalletCore,
  input: AllowInput,
  options: LongOptions = {},
): Promise<Finalized & { readonly tag: Uint8Array; readonly noticeDelivered: boolean }> {
  await verifyImageRequest(input.request, { chainId: core.chainId, nowMs: core.now() });
  const { record } = await activeStudy(core, input.studyId, options);
  const grant = grantFor(core, record, input);
  // Before it is sent: when the answer is lost, she must still see and be able to end what may stand on the ledger.
  const beforeSending = (sent: GrantRecord) => recordGrant(core, record, sent);
  const done = await sendAllow(core, { record, grant, beforeSending }, options);
  const current = core.record(input.studyId);
  const sent = current.grants.find(({ tag }) => equalBytes(tag, grant.tag)) ?? grant;
  const noticeDelivered = await deliverNotice(core, current, sent, options);
  await leaveNote(core, input.studyId, options);
  return { ...done, tag: grant.tag, noticeDelivered };
}

/**
 * The grant as it is written down before anything is sent; its sequence is 0 as long as nothing was.
 * @throws {WalletError} `NOT_OWNER` when the salts are not known
 */
export function grantFor(core: WalletCore, record: StudyRecord, input: AllowInput): GrantRecord {
  if (record.secrets === undefined) throw saltsUnknown();
  const { recipientKey, sealingKey, gatewayApi, boxId, reason } = input.request;
  const tag = recipientTag(openingOf(record.secrets.grantSalt, recipientKey), recipientKey);
  return {
    tag,
    requester: { recipientKey, sealingKey, gatewayApi, boxId, reason },
    sequence: record.grants.find((grant) => equalBytes(grant.tag, tag))?.sequence ?? 0,
    notAfterMs: input.notAfterMs,
    recordedAtMs: core.now(),
    noticeDelivered: false,
    stoppedAtMs: undefined,
    receiver: input.origin && receiverOf(input.origin, input.request),
    receipt: input.receipt,
  };
}

/**
 * Puts a grant on the ledger and waits until it is final.
 * @param input.beforeSending - writes down that it may stand on the ledger from now on
 */
export async function sendAllow(
  core: WalletCore,
  input: {
    record: StudyRecord;
    grant: GrantRecord;
    beforeSending: (sent: GrantRecord) => Promise<void>;
  },
  options: LongOptions,
): Promise<Finalized> {
  const { grant } = input;
  const { notAfterMs, requester } = grant;
  const head = await core.freshHead(options.signal);
  checkEnd(core, notAfterMs, head);
  const { record, cell, secrets } = await activeStudy(core, input.record.studyId, options);
  if (record.role === 'delegate' && notAfterMs > (cell.delegate?.notAfterMs ?? 0)) {
    throw new WalletError(
      { code: 'END_DATE_REFUSED', rule: 'beyond-delegation' },
      'a delegate cannot allow beyond her own end date',
    );
  }
  const tag = requester && recipientTag(openingOf(secrets.grantSalt, requester.recipientKey), requester.recipientKey);
  if (tag === undefined || !equalBytes(tag, grant.tag)) {
    throw new WalletError({ code: 'STUDY_NOT_ACTIVE', state: 'moved' }, 'the study moved since; ask for it again');
  }
  const { source, studyId } = record;
  const [standing] = await core.ledger.grants(source, studyId, [tag], options.signal);
  const sequence = nextSequence(standing, grant, head.timestampMs);
  await input.beforeSending({ ...grant, sequence });
  const receiptHash = grant.receipt && consentReceiptHash(grant.receipt);
  const payload = { source, studyId, tag, sequence, notAfterMs, scope: 0, consentReceiptHash: receiptHash } as const;
  return core.transact('allow-access', payload, record, head, options);
}

/** See `Wallet.deliverNotices`. */
export async function deliverNotices(core: WalletCore, options: LongOptions = {}): Promise<number> {
  let left = 0;
  for (const record of core.state.studies) {
    const waiting = record.grants.filter(
      (grant) => !grant.noticeDelivered && grant.requester !== undefined && grant.notAfterMs > core.now(),
    );
    if (waiting.length === 0) continue;
    // A notice tells what the study is: nobody hears that whose grant has ended meanwhile.
    const views = await showGrants(core, record.studyId, signalOf(options));
    const live = views.filter(({ status }) => status === 'live').map(({ tag }) => toHex(tag));
    for (const grant of waiting) {
      if (live.includes(toHex(grant.tag)) && !(await deliverNotice(core, record, grant, options))) left += 1;
    }
  }
  return left;
}

/** See `Wallet.revoke`. */
export function revoke(
  core: WalletCore,
  input: { studyId: Uint8Array; tag: Uint8Array },
  options: LongOptions = {},
): Promise<Finalized> {
  const record = core.record(input.studyId);
  return sendStop(core, { record, tag: input.tag, beforeSending: () => Promise.resolve() }, options);
}

/**
 * Ends a grant on the ledger and waits until that is final. Needs a node that takes it, and no view: what cannot be read is replaced by
 * what the wallet and its clock know.
 * @throws {WalletError} `GRANT_UNKNOWN`; {ClientError} of the node
 */
export async function sendStop(
  core: WalletCore,
  input: { record: StudyRecord; tag: Uint8Array; beforeSending: () => Promise<void> },
  options: LongOptions,
): Promise<Finalized> {
  const { record, tag } = input;
  const { source, studyId } = record;
  const known = record.grants.find((grant) => equalBytes(grant.tag, tag));
  const seen = await stopView(core, record, tag, options);
  if (known === undefined && seen?.cell === undefined) {
    throw new WalletError({ code: 'GRANT_UNKNOWN' }, 'this study has no such grant');
  }
  const sequence = nextSequence(seen?.cell, known, seen?.head.timestampMs ?? core.now());
  await input.beforeSending();
  const done = await core.transact('revoke-access', { source, studyId, tag, sequence }, record, seen?.head, options);
  if (known !== undefined) await changeGrant(core, record, known, { sequence, stoppedAtMs: core.now() });
  return done;
}

async function stopView(
  core: WalletCore,
  { source, studyId }: StudyRecord,
  tag: Uint8Array,
  { signal }: CallOptions,
): Promise<{ readonly head: Head; readonly cell: GrantCell | undefined } | undefined> {
  try {
    const head = await core.ledger.head(signal);
    const [cell] = await core.ledger.grants(source, studyId, [tag], signal);
    return { head, cell };
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}

/** Above the cell's and the wallet's own, and never behind the ledger's time. */
function nextSequence(cell: GrantCell | undefined, known: GrantRecord | undefined, timestampMs: number): number {
  return Math.max(Math.max(cell?.sequence ?? 0, known?.sequence ?? 0) + 1, timestampMs);
}

/** Seals the notice of a grant and posts it; false when the gateway did not take it. */
export async function deliverNotice(
  core: WalletCore,
  record: StudyRecord,
  grant: GrantRecord,
  options: LongOptions,
): Promise<boolean> {
  const { secrets } = record;
  const { requester } = grant;
  if (secrets === undefined || requester?.boxId === undefined) return false;
  const { recipientKey, boxId } = requester;
  const sealed = await sealGrantNotice(
    {
      chainId: core.chainId,
      boxId,
      recipientKey,
      source: record.source,
      studyId: record.studyId,
      studySalt: secrets.studySalt,
      contentSalt: secrets.contentSalt,
      studyInstanceUid: secrets.studyInstanceUid,
      opening: openingOf(secrets.grantSalt, recipientKey),
      notAfterMs: grant.notAfterMs,
      label: secrets.label,
    },
    requester.sealingKey,
  );
  try {
    await core.ports.gateway(requester.gatewayApi).leaveNotice(boxId, sealed, signalOf(options));
  } catch {
    // The grant stands on the ledger either way; a later try may do.
    options.signal?.throwIfAborted();
    return false;
  }
  await changeGrant(core, record, grant, { noticeDelivered: true });
  options.onProgress?.({ step: 'notice-delivered' });
  return true;
}

/**
 * Leaves the sealed note at the source, with what another device of hers left there; nothing where the source forgot a study that it retired.
 * @returns false when the source did not take it: without it, stopping still works
 */
export async function leaveNote(core: WalletCore, studyId: Uint8Array, options: CallOptions): Promise<boolean> {
  if (core.record(studyId).role !== 'owner') return true;
  try {
    await refreshSecrets(core, studyId, options);
    const record = core.record(studyId);
    const note = await core.source.sealNote(record, core.state.devices);
    const { disclosure } = await core.source.ask(record, { note, ...options });
    // One of a device whose clock runs ahead is kept instead: this one is read into the next.
    return disclosure.note !== undefined && equalBytes(disclosure.note.sealed, note);
  } catch (error) {
    options.signal?.throwIfAborted();
    // What it retired it may have forgotten; one that lags behind the ledger says the same of a study that is there.
    return isRefusal(error, 'STUDY_UNKNOWN') && (await isRetired(core, studyId, options));
  }
}

async function isRetired(core: WalletCore, studyId: Uint8Array, { signal }: CallOptions): Promise<boolean> {
  const record = core.record(studyId);
  const [cell] = await core.ledger.studies([record], signal);
  return core.viewOf(record, cell).status === 'retired';
}

/** Tells the source whom she let in: it accounts for whom it gave images to, and knows the reader's key alone. */
export async function nameReader(
  core: WalletCore,
  record: StudyRecord,
  { requester, receiver }: GrantRecord,
  options: CallOptions,
): Promise<void> {
  if (requester === undefined || receiver === undefined) return;
  await core.source.order(record, { kind: 'name-reader', key: requester.recipientKey, ...receiver }, signalOf(options));
}

export function putGrant(record: StudyRecord, grant: GrantRecord): StudyRecord {
  return { ...record, grants: [...record.grants.filter(({ tag }) => !equalBytes(tag, grant.tag)), grant] };
}

/** Changes what is known of one grant, which may have changed meanwhile: a Stop overlaps with everything. */
export function changeGrant(
  core: WalletCore,
  record: StudyRecord,
  { tag }: GrantRecord,
  change: Partial<GrantRecord>,
): Promise<void> {
  return core.updateStudy(record, (current) => ({
    ...current,
    grants: current.grants.map((grant) => (equalBytes(grant.tag, tag) ? { ...grant, ...change } : grant)),
  }));
}

function recordGrant(core: WalletCore, record: StudyRecord, grant: GrantRecord): Promise<void> {
  return core.updateStudy(record, (current) => putGrant(current, grant));
}

function saltsUnknown(): WalletError {
  return new WalletError({ code: 'NOT_OWNER' }, 'the salts of this study are not known');
}
