/** What a wallet knows of grants, joined with what a note says that another device of hers, or this one, left at the source. */
import { equalBytes } from '@radledger/primitives';
import type { GrantRecord } from './wallet-state.js';

/** Whether only the ledger told of it: for whom it is, and what she agreed to, a note may still say. */
export function isNameless({ requester }: GrantRecord): boolean {
  return requester === undefined;
}

/** The wallet's own word holds, but for grants that only the ledger told it of. */
export function withNoted(known: readonly GrantRecord[], noted: readonly GrantRecord[]): readonly GrantRecord[] {
  const inList = (list: readonly GrantRecord[], { tag }: GrantRecord) =>
    list.find((other) => equalBytes(other.tag, tag));
  const named = known.map((grant) => {
    const told = isNameless(grant) ? inList(noted, grant) : undefined;
    if (told === undefined) return grant;
    const sequence = Math.max(grant.sequence, told.sequence);
    return { ...told, sequence, stoppedAtMs: grant.stoppedAtMs ?? told.stoppedAtMs };
  });
  return [...named, ...noted.filter((grant) => inList(known, grant) === undefined)];
}
