/** From the words back to studies and grants. */
import { markOwn } from './device-watch.js';
import type { GrantSearch } from './grant-search.js';
import { branchOf } from './keys.js';
import { isErasedNow } from './ordering.js';
import { type FoundStudy, RESTORED_SKIP, walkBranches } from './restoring.js';
import { refreshSecrets } from './study-secrets.js';
import type { LongOptions, NewDevice } from './views.js';
import { isSameStudy, nextIndexIn, signalOf, type WalletCore } from './wallet-core.js';
import { erasureNoteOf, type WalletState } from './wallet-state.js';

/** See `Wallet.restore`. */
export async function restore(
  { core, search }: { readonly core: WalletCore; readonly search: GrantSearch },
  input: { findAllGrants?: boolean; broughtBackBy?: NewDevice['by'] } = {},
  options: LongOptions = {},
): Promise<{ readonly studies: number; readonly unanswered: readonly Uint8Array[] }> {
  if (input.broughtBackBy !== undefined) await markOwn(core, input.broughtBackBy);
  const sources = await core.ledger.sourceIds(options.signal);
  const found = await walkBranches({
    ledger: core.ledger,
    keys: core.keys,
    branches: new Set(sources.map(branchOf)),
    nextIndexOf: (branch) => core.nextIndex(branch),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    ...signalOf(options),
  });
  await core.update((state) => withFound(state, found));
  const unanswered: Uint8Array[] = [];
  for (const record of core.state.studies) {
    const { role, studyId } = record;
    if (erasureNoteOf(record) !== undefined) continue;
    const answered = await refreshSecrets(core, studyId, options).then(
      () => true,
      (error: unknown) => isErasedNow(core, record, error, options),
    );
    options.signal?.throwIfAborted();
    // A delegate whose end has passed is told nothing; she has no grants to look for everywhere.
    if (!answered && role === 'owner') unanswered.push(studyId);
    options.onProgress?.({ step: 'source-asked', studyId, answered });
  }
  // Also what no note tells of: a share that was made with her words, and not by her.
  if (input.findAllGrants === true || unanswered.length > 0) await search.everywhere(options);
  else await search.affordable(options);
  return { studies: core.state.studies.length, unanswered };
}

/** The state with what the walk found: a record for each new study, and indices beyond what may be promised. */
function withFound(state: WalletState, found: readonly FoundStudy[]): Partial<WalletState> {
  let { studies, branches } = state;
  for (const { source, studyId, role, branch, keyIndex } of found) {
    const known = studies.find((record) => isSameStudy(record, { source, studyId }));
    const base = known ?? {
      source,
      studyId,
      secrets: undefined,
      gatewayApi: undefined,
      receipt: undefined,
      grants: [],
      given: undefined,
      invitationId: undefined,
    };
    studies = [...studies.filter((record) => record !== known), { ...base, role, branch, keyIndex }];
    // Claims that were not published yet may have promised the keys behind the last match.
    const nextIndex = Math.max(nextIndexIn(branches, branch), keyIndex + 1 + (known === undefined ? RESTORED_SKIP : 0));
    branches = [...branches.filter((entry) => entry.branch !== branch), { branch, nextIndex }];
  }
  return { studies, branches };
}
