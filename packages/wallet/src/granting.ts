/** Allowing, telling the recipient, and stopping. */
import { type SignedImageRequest, sealGrantNotice, verifyImageRequest } from '@radledger/handover';
import { equalBytes, toHex } from '@radledger/primitives';
import { openingOf, recipientTag } from '@radledger/transactions';
import { WalletError } from './errors.js';
import type { Head } from './ledger-view.js';
import { showGrants } from './showing.js';
import { activeStudy, checkEnd } from './usable-study.js';
import type { CallOptions, Finalized, LongOptions } from './views.js';
import { signalOf, type WalletCore } from './wallet-core.js';
import type { GrantRecord, Requester, StudyRecord } from './wallet-state.js';

/** See `Wallet.allow`. */
export async function allow(
  core: WalletCore,
  input: { studyId: Uint8Array; request: SignedImageRequest; notAfterMs: number; consentReceiptHash?: Uint8Array },
  options: LongOptions = {},
): Promise<Finalized & { readonly tag: Uint8Array; readonly noticeDelivered: boolean }> {
  const { request, notAfterMs } = input;
  await verifyImageRequest(request, { chainId: core.chainId, nowMs: core.now() });
  const head = await core.freshHead(options.signal);
  checkEnd(core, notAfterMs, head);
  const active = await activeStudy(core, input.studyId, options);
  if (active.record.role === 'delegate' && notAfterMs > (active.cell.delegate?.notAfterMs ?? 0)) {
    throw new WalletError(
      { code: 'END_DATE_REFUSED', rule: 'beyond-delegation' },
      'a delegate cannot allow beyond her own end date',
    );
  }
  const { secrets } = active;
  const { recipientKey } = request;
  const tag = recipientTag(openingOf(secrets.grantSalt, recipientKey), recipientKey);
  const sequence = await nextSequence(core, active.record, tag, head, options.signal);
  const { source, studyId } = active.record;
  const requester: Requester = {
    recipientKey,
    sealingKey: request.sealingKey,
    gatewayApi: request.gatewayApi,
    boxId: request.boxId,
    reason: request.reason,
  };
  const grant: GrantRecord = {
    tag,
    requester,
    sequence,
    notAfterMs,
    recordedAtMs: core.now(),
    noticeDelivered: false,
  };
  // Before it is sent: when the answer is lost, she must still see and be able to end what may stand on the ledger.
  await recordGrant(core, active.record, grant);
  const done = await core.transact(
    'allow-access',
    {
      source,
      studyId,
      tag,
      sequence,
      notAfterMs,
      scope: 0,
      consentReceiptHash: input.consentReceiptHash,
    },
    active.record,
    head,
    options,
  );
  const noticeDelivered = await deliverNotice(core, core.record(studyId), grant, options);
  await leaveNote(core, studyId, options);
  return { ...done, tag, noticeDelivered };
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
export async function revoke(
  core: WalletCore,
  input: { studyId: Uint8Array; tag: Uint8Array },
  options: LongOptions = {},
): Promise<Finalized> {
  const record = core.record(input.studyId);
  const known = record.grants.find(({ tag }) => equalBytes(tag, input.tag));
  const head = await core.ledger.head(options.signal);
  const [cell] = await core.ledger.grants(record.source, record.studyId, [input.tag], options.signal);
  if (known === undefined && cell === undefined) {
    throw new WalletError({ code: 'GRANT_UNKNOWN' }, 'this study has no such grant');
  }
  const last = Math.max(cell?.sequence ?? 0, known?.sequence ?? 0);
  const sequence = Math.max(last + 1, head.timestampMs);
  const { source, studyId } = record;
  const done = await core.transact(
    'revoke-access',
    { source, studyId, tag: input.tag, sequence },
    record,
    head,
    options,
  );
  if (known !== undefined) await recordGrant(core, record, { ...known, sequence });
  return done;
}

/** Seals the notice of a grant and posts it; false when the gateway did not take it. */
async function deliverNotice(
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
    // The grant stands on the ledger either way; `deliverNotices` tries again.
    options.signal?.throwIfAborted();
    return false;
  }
  await recordGrant(core, record, { ...grant, noticeDelivered: true });
  options.onProgress?.({ step: 'notice-delivered' });
  return true;
}

/** Leaves the sealed list of grants at the source. Best effort: without it, stopping still works. */
async function leaveNote(core: WalletCore, studyId: Uint8Array, options: CallOptions): Promise<void> {
  const record = core.record(studyId);
  if (record.role !== 'owner') return;
  try {
    await core.source.ask(record, { note: await core.source.sealNote(record), ...options });
  } catch {
    options.signal?.throwIfAborted();
  }
}

function recordGrant(core: WalletCore, record: StudyRecord, grant: GrantRecord): Promise<void> {
  return core.updateStudy(record, (current) => ({
    ...current,
    grants: [...current.grants.filter(({ tag }) => !equalBytes(tag, grant.tag)), grant],
  }));
}

async function nextSequence(
  core: WalletCore,
  record: StudyRecord,
  tag: Uint8Array,
  head: Head,
  signal?: AbortSignal,
): Promise<number> {
  const [cell] = await core.ledger.grants(record.source, record.studyId, [tag], signal);
  const known = record.grants.find((grant) => equalBytes(grant.tag, tag))?.sequence ?? 0;
  return Math.max(Math.max(cell?.sequence ?? 0, known) + 1, head.timestampMs);
}
