/** What a grant is worth now, from its proven cell and that of its study. Spec: docs/spec/light-client.md, section 4. */
import { type GrantCell, type Header, isLive, type StudyCell } from '@radledger/chain';

/**
 * `live`: opens the study. `revoked`: ended by a Revoke Access, or a tombstone before any Allow Access. `superseded`: of an owner
 * before the present one. `retired`: its study is inactive. `expired`: its end has passed. `absent`: proven that there is none.
 */
export type GrantStatus = 'live' | 'revoked' | 'superseded' | 'retired' | 'expired' | 'absent';

export interface GrantVerdict {
  readonly status: GrantStatus;
  /** Undefined when proven absent. */
  readonly grant: GrantCell | undefined;
  readonly study: StudyCell | undefined;
  /** The finalized header whose state this is. */
  readonly header: Header;
  /** The reader's clock minus the header's timestamp: at most the bound that the light client was made with. */
  readonly viewAgeMs: number;
}

/** `live` exactly when `isLive` says so; otherwise the first reason in the order of the state's rules. */
export function grantStatus(input: {
  readonly grant: GrantCell | undefined;
  readonly study: StudyCell | undefined;
  readonly finalizedTimestampMs: number;
  readonly nowMs: number;
}): GrantStatus {
  const { grant, study, finalizedTimestampMs, nowMs } = input;
  if (grant === undefined || study === undefined) return 'absent';
  if (isLive({ grant, study, finalizedTimestampMs, nowMs })) return 'live';
  if (study.retired !== undefined) return 'retired';
  if (grant.revoked) return 'revoked';
  return grant.era === study.era ? 'expired' : 'superseded';
}
