/** Whether the ledger lets this recipient read a study now. */
import { isLive } from '@radledger/chain';
import { ExchangeError } from '../errors.js';
import type { LedgerPort } from '../ledger-port.js';
import { type LedgerView, requireUsable } from '../ledger-view.js';
import type { RetrievalRecord } from './recipient-records.js';

export type GrantedStudy = Pick<RetrievalRecord, 'source' | 'studyId' | 'tag'>;

export interface GrantReading {
  readonly ledger: LedgerPort;
  readonly view: LedgerView;
  readonly now: () => number;
}

/** @throws {ExchangeError} `VIEW_STALE` | `GRANT_NOT_LIVE` */
export async function requireLiveGrant(target: GrantedStudy, options: GrantReading): Promise<void> {
  requireUsable(options.view);
  if (!(await hasLiveGrant(target, options))) {
    throw new ExchangeError({ code: 'GRANT_NOT_LIVE' }, 'the owner has ended access, or it has run out');
  }
}

/** Whether finalized cells allow the holder of `tag` to read the study now. */
export async function hasLiveGrant(
  { source, studyId, tag }: GrantedStudy,
  { ledger, view, now }: GrantReading,
): Promise<boolean> {
  const [study, grant] = await Promise.all([ledger.study(source, studyId), ledger.grant(source, studyId, tag)]);
  if (study === undefined || grant === undefined) return false;
  return isLive({ study, grant, finalizedTimestampMs: view.head.timestampMs, nowMs: now() });
}
