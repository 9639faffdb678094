/**
 * Reads the state for grants that this device has not made. A grant cell has no name that could be guessed, so all cells are read.
 * Spec: docs/spec/wallet-keys.md, section 17.
 */
import type { StudyCell } from '@radledger/chain';
import { equalBytes } from '@radledger/primitives';
import { type FoundGrant, studyKey } from './ledger-view.js';
import { refreshSecrets } from './study-secrets.js';
import { isSameStudy, type WalletCore } from './wallet-core.js';
import type { GrantRecord, StudyRecord } from './wallet-state.js';

/**
 * Adds the grants of her studies that may be live and are not known, each with its name where a note at the source has it.
 * @param input.studies - hers, as the ledger shows them
 * @param input.digitsMax - see `CellReader.all`
 * @returns whether there was one
 */
export async function findGrants(
  core: WalletCore,
  input: {
    readonly studies: readonly { readonly record: StudyRecord; readonly study: StudyCell }[];
    readonly digitsMax?: number;
    readonly signal?: AbortSignal;
  },
): Promise<boolean> {
  const { studies, signal } = input;
  const all = await core.ledger.allGrants(
    studies.map(({ record }) => record),
    input,
  );
  const added: StudyRecord[] = [];
  await core.update((state) => {
    added.length = 0;
    return {
      studies: state.studies.map((record) => {
        const era = studies.find((hers) => isSameStudy(hers.record, record))?.study.era;
        const found = all.get(studyKey(record.source, record.studyId)) ?? [];
        const isNews = ({ tag, cell }: FoundGrant): boolean =>
          !cell.revoked && cell.era === era && !record.grants.some((grant) => equalBytes(grant.tag, tag));
        const news = found.filter(isNews).map(nameless);
        if (news.length === 0) return record;
        added.push(record);
        return { ...record, grants: [...record.grants, ...news] };
      }),
    };
  });
  for (const { studyId } of added) {
    // One made on another phone of hers has its name in the note that the phone left.
    await refreshSecrets(core, studyId, signal === undefined ? {} : { signal }).catch(() => undefined);
    signal?.throwIfAborted();
  }
  return added.length > 0;
}

function nameless({ tag, cell: { sequence, notAfterMs } }: FoundGrant): GrantRecord {
  return {
    tag,
    requester: undefined,
    sequence,
    notAfterMs,
    recordedAtMs: 0,
    noticeDelivered: true,
    stoppedAtMs: undefined,
    receiver: undefined,
    receipt: undefined,
  };
}
