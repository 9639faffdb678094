/** Whether something may be done with a study now. */
import type { StudyCell } from '@radledger/chain';
import { WalletError } from './errors.js';
import type { Head } from './ledger-view.js';
import { refreshSecrets } from './study-secrets.js';
import type { CallOptions } from './views.js';
import type { WalletCore } from './wallet-core.js';
import type { StudyRecord, StudySecrets } from './wallet-state.js';

/** Longest grant: 3,653 days (ten years), in milliseconds; the default of the ledger's parameter `grantDurationMaxMs`. */
export const GRANT_MS_MAX = 3_653 * 24 * 3_600_000;

const DAY_MS = 24 * 3_600_000;

/**
 * The last millisecond of a UTC day: an end date to the millisecond links the grants of one sitting (docs/guides/researchers.md,
 * section 7), the end of a day is everybody's.
 */
export function endOfDay(timeMs: number): number {
  return (Math.floor(timeMs / DAY_MS) + 1) * DAY_MS - 1;
}

/** A study that exists, is not retired, and whose salts of the current era are known. */
export async function activeStudy(
  core: WalletCore,
  studyId: Uint8Array,
  options: CallOptions,
): Promise<{ record: StudyRecord; cell: StudyCell; secrets: StudySecrets }> {
  const record = core.record(studyId);
  const cell = await core.ledger.study(record.source, record.studyId, options.signal);
  const { status } = core.viewOf(record, cell);
  if (cell === undefined || status !== 'active') {
    throw new WalletError({ code: 'STUDY_NOT_ACTIVE', state: status }, 'the study cannot be shared now');
  }
  if (record.secrets?.era !== cell.era) await refreshSecrets(core, studyId, options);
  const current = core.record(studyId);
  if (current.secrets === undefined)
    throw new WalletError({ code: 'NOT_OWNER' }, 'the salts of this study are not known');
  return { record: current, cell, secrets: current.secrets };
}

export async function ownedStudy(
  core: WalletCore,
  studyId: Uint8Array,
  options: CallOptions,
): Promise<{ record: StudyRecord; cell: StudyCell }> {
  const record = core.record(studyId);
  const cell = await core.ledger.study(record.source, record.studyId, options.signal);
  const { status } = core.viewOf(record, cell);
  if (cell === undefined || status !== 'active') {
    throw new WalletError({ code: 'STUDY_NOT_ACTIVE', state: status }, 'the study is not active');
  }
  if (record.role !== 'owner') throw new WalletError({ code: 'NOT_OWNER' }, 'only the owner may do this');
  return { record, cell };
}

export function checkEnd(core: WalletCore, notAfterMs: number, head: Head): void {
  const nowMs = Math.max(core.now(), head.timestampMs);
  if (!Number.isSafeInteger(notAfterMs) || notAfterMs <= nowMs) {
    throw new WalletError({ code: 'END_DATE_REFUSED', rule: 'past' }, 'the end date must lie ahead');
  }
  if (notAfterMs > head.timestampMs + GRANT_MS_MAX) {
    throw new WalletError({ code: 'END_DATE_REFUSED', rule: 'too-far' }, 'the end date must lie within ten years');
  }
}
