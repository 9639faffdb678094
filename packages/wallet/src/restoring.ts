/** The walk from a seed to its studies (people.md B4). Spec: docs/spec/wallet-keys.md, section 5. */
import { equalBytes } from '@radledger/primitives';
import { GAP_LIMIT, type WalletKeys } from './keys.js';
import type { LedgerView } from './ledger-view.js';

/** How many keys behind the last match a restored wallet leaves alone: another device may have promised them. */
export const RESTORED_SKIP = 24;

/** Steps of a restore, for a progress line. */
export type RestoreProgress =
  | { readonly step: 'branch-searched'; readonly searched: number; readonly branches: number; readonly found: number }
  | { readonly step: 'source-asked'; readonly studyId: Uint8Array; readonly answered: boolean };

/** A key of this seed that owns, or is delegate of, a study now. */
export interface FoundStudy {
  readonly source: Uint8Array;
  readonly studyId: Uint8Array;
  readonly role: 'owner' | 'delegate';
  readonly branch: number;
  readonly keyIndex: number;
}

/** Searches branches for keys with an owner cell, and reads what each is to its study. */
export async function walkBranches(input: {
  ledger: LedgerView;
  keys: WalletKeys;
  branches: ReadonlySet<number>;
  /** First index that was never used by this wallet. */
  nextIndexOf: (branch: number) => number;
  onProgress?: (progress: RestoreProgress) => void;
  signal?: AbortSignal;
}): Promise<readonly FoundStudy[]> {
  const { ledger, keys, branches, signal } = input;
  const found: FoundStudy[] = [];
  let searched = 0;
  for (const branch of branches) {
    signal?.throwIfAborted();
    found.push(...(await walkBranch({ ledger, keys, branch, used: input.nextIndexOf(branch), signal })));
    searched += 1;
    input.onProgress?.({ step: 'branch-searched', searched, branches: branches.size, found: found.length });
  }
  return found;
}

async function walkBranch(input: {
  ledger: LedgerView;
  keys: WalletKeys;
  branch: number;
  used: number;
  signal: AbortSignal | undefined;
}): Promise<readonly FoundStudy[]> {
  const { ledger, keys, branch, signal } = input;
  const found: FoundStudy[] = [];
  let from = 0;
  let until = input.used + GAP_LIMIT;
  while (from < until) {
    const publicKeys = Array.from({ length: until - from }, (_, offset) => keys.ownerKey(branch, from + offset));
    const cells = await ledger.owners(publicKeys, signal);
    const matched = cells.flatMap((cell, offset) =>
      cell === undefined ? [] : [{ cell, keyIndex: from + offset, key: publicKeys[offset] as Uint8Array }],
    );
    const studies = await ledger.studies(
      matched.map(({ cell }) => cell),
      signal,
    );
    matched.forEach(({ cell, keyIndex, key }, at) => {
      const study = studies[at];
      if (study === undefined) return;
      const { source, studyId } = cell;
      // An owner cell is never freed: only the study's own cell tells who owns it now.
      if (equalBytes(study.owner, key)) found.push({ source, studyId, role: 'owner', branch, keyIndex });
      else if (study.delegate !== undefined && equalBytes(study.delegate.key, key)) {
        found.push({ source, studyId, role: 'delegate', branch, keyIndex });
      }
    });
    from = until;
    const last = matched.at(-1)?.keyIndex;
    if (last !== undefined) until = Math.max(until, last + 1 + GAP_LIMIT);
  }
  return found;
}
