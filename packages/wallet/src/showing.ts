/** What a wallet shows of studies, grants and readings. */
import { type GrantCell, isLive, type StudyCell } from '@radledger/chain';
import { equalBytes } from '@radledger/primitives';
import type { CallOptions, GrantStatus, GrantView, ReadingView, StudyView } from './views.js';
import { isSameStudy, signalOf, type WalletCore } from './wallet-core.js';
import type { GrantRecord, StudyRecord, Todo } from './wallet-state.js';

const READINGS_MAX = 1_000;

/** See `Wallet.studies`. */
export async function showStudies(core: WalletCore, options: CallOptions = {}): Promise<readonly StudyView[]> {
  await core.ledger.head(options.signal);
  const cells = await core.ledger.studies(core.state.studies, options.signal);
  return core.state.studies.map((record, index) => core.viewOf(record, cells[index]));
}

/** See `Wallet.study`. */
export async function showStudy(core: WalletCore, studyId: Uint8Array, options: CallOptions = {}): Promise<StudyView> {
  const record = core.record(studyId);
  return core.viewOf(record, await core.ledger.study(record.source, record.studyId, options.signal));
}

/** See `Wallet.grants`. */
export async function showGrants(
  core: WalletCore,
  studyId: Uint8Array,
  options: CallOptions = {},
): Promise<readonly GrantView[]> {
  const record = core.record(studyId);
  const { timestampMs } = await core.ledger.head(options.signal);
  const study = await core.ledger.study(record.source, record.studyId, options.signal);
  const tags = record.grants.map(({ tag }) => tag);
  const cells = await core.ledger.grants(record.source, record.studyId, tags, options.signal);
  return record.grants.map((grant, index): GrantView => {
    const cell = cells[index];
    const status = grantStatusOf({ study, grant: cell, finalizedTimestampMs: timestampMs, nowMs: core.now() });
    return grantViewOf(core, record, grant, { status, notAfterMs: cell?.notAfterMs ?? grant.notAfterMs });
  });
}

/** What the ledger says of a grant. */
export function grantStatusOf(input: {
  study: StudyCell | undefined;
  grant: GrantCell | undefined;
  finalizedTimestampMs: number;
  nowMs: number;
}): GrantStatus {
  const { study, grant, ...times } = input;
  if (grant === undefined) return 'absent';
  if (study !== undefined && isLive({ study, grant, ...times })) return 'live';
  return grant.revoked ? 'revoked' : 'ended';
}

/** A grant as it is shown: what the ledger says of it, what the wallet knows, and what she asked for since. */
export function grantViewOf(
  core: WalletCore,
  record: StudyRecord,
  grant: GrantRecord,
  { status, notAfterMs }: { readonly status: GrantStatus; readonly notAfterMs: number },
): GrantView {
  const { tag, requester, recordedAtMs, stoppedAtMs, receiver, receipt, noticeDelivered } = grant;
  const isPending = (kind: Todo['kind']) =>
    core.state.todos.some(
      (todo) => todo.kind === kind && todo.refusal === '' && isSameStudy(todo, record) && equalBytes(todo.tag, tag),
    );
  return {
    tag,
    status,
    notAfterMs,
    noticeDelivered,
    isStopping: isPending('stop'),
    isAllowing: isPending('allow'),
    ...(recordedAtMs === 0 ? {} : { allowedAtMs: recordedAtMs }),
    ...(stoppedAtMs === undefined || status === 'live' ? {} : { stoppedAtMs }),
    ...(receiver === undefined ? {} : { receiver }),
    ...(receipt === undefined ? {} : { receipt }),
    ...(requester === undefined
      ? {}
      : { recipientKey: requester.recipientKey, reason: requester.reason, gatewayApi: requester.gatewayApi }),
  };
}

/** See `Wallet.whoLooked`. */
export async function showReadings(
  core: WalletCore,
  studyId: Uint8Array,
  options: CallOptions = {},
): Promise<readonly ReadingView[]> {
  const record = core.record(studyId);
  const entries = await core.source.accessLog(record, { entriesMax: READINGS_MAX, ...signalOf(options) });
  return entries.map(({ position: _, ...entry }) => {
    const asked = record.grants.find(({ requester }) => requester && equalBytes(requester.recipientKey, entry.reader));
    return { ...entry, ...(asked?.requester && { reason: asked.requester.reason, allowedAtMs: asked.recordedAtMs }) };
  });
}
