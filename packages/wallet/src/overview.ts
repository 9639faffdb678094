/** Everything of one person at one glance: read from the ledger, or, without network, as it was seen last. */
import type { Role } from '@radledger/handover';
import { equalBytes, toHex } from '@radledger/primitives';
import type { GrantSearch } from './grant-search.js';
import { grantStatusOf, grantViewOf } from './showing.js';
import { type CallOptions, type GrantView, type StudyView, studyViewWith } from './views.js';
import { isSameStudy, type StudyName, type WalletCore } from './wallet-core.js';
import type { SeenView } from './wallet-state.js';

/** A study with who may see it. */
export interface StudyOverview extends Omit<StudyView, 'era'> {
  /** Name of its source, as its proven cell has it. */
  readonly sourceName?: string;
  /** Of a study that is somebody else's, or was: what she called herself, proven by nothing. */
  readonly from?: string;
  /** Whom she made her delegate last, or gave the study to: by her own word. */
  readonly given?: {
    readonly role: Role;
    readonly key: Uint8Array;
    /** What the person called herself, proven by nothing. */
    readonly name: string;
    readonly notAfterMs: number;
  };
  readonly grants: readonly GrantView[];
}

export interface Overview {
  /** When it was read, by this device's clock. */
  readonly atMs: number;
  readonly studies: readonly StudyOverview[];
}

/** How old the kept view may become while nothing in it changes. */
const KEPT_AGE_MS_MAX = 60_000;

/** See `Wallet.overview`. */
export async function readOverview(
  { core, search }: { readonly core: WalletCore; readonly search: GrantSearch },
  options: CallOptions = {},
): Promise<Overview> {
  const { studies } = core.state;
  const { timestampMs } = await core.ledger.head(options.signal);
  const found = await core.ledger.everythingOf(
    studies.map(({ source, studyId, grants }) => ({ source, studyId, tags: grants.map(({ tag }) => tag) })),
    options.signal,
  );
  studies.forEach((record, at) => {
    const { study, grants = [] } = found[at] ?? {};
    search.saw(record, study, grants);
  });
  const nowMs = core.now();
  const seen: SeenView = {
    atMs: nowMs,
    studies: studies.map((record, index) => {
      const { study, grants = [], sourceName } = found[index] ?? {};
      return {
        source: record.source,
        studyId: record.studyId,
        status: core.viewOf(record, study).status,
        sourceName,
        delegate: study?.delegate,
        grants: record.grants.map(({ tag, notAfterMs }, at) => {
          const cell = grants[at];
          const status = grantStatusOf({ study, grant: cell, finalizedTimestampMs: timestampMs, nowMs });
          return { tag, status, notAfterMs: cell?.notAfterMs ?? notAfterMs };
        }),
      };
    }),
  };
  const kept = core.state.seen;
  if (kept === undefined || nowMs - kept.atMs >= KEPT_AGE_MS_MAX || contentOf(kept) !== contentOf(seen)) {
    await core.update(() => ({ seen }));
  }
  return overviewOf(core, seen);
}

/** See `Wallet.lastOverview`. */
export function lastOverview(core: WalletCore): Overview | undefined {
  const { seen } = core.state;
  return seen && overviewOf(core, seen);
}

/** What was seen, joined with what the wallet knows now: something she asked for since is in it. */
function overviewOf(core: WalletCore, seen: SeenView): Overview {
  const statusOf = (study: StudyName) => seen.studies.find((other) => isSameStudy(other, study));
  return {
    atMs: seen.atMs,
    studies: core.state.studies.map((record) => {
      const known = statusOf(record);
      const { given } = record;
      const accepted = core.state.acceptedRoles.findLast((role) => isSameStudy(role, record));
      return {
        ...studyViewWith(record, known?.status ?? 'awaiting-publication'),
        ...(known?.sourceName === undefined ? {} : { sourceName: known.sourceName }),
        ...(known?.delegate === undefined ? {} : { delegate: known.delegate }),
        ...(accepted === undefined ? {} : { from: accepted.name }),
        ...(given === undefined ? {} : { given }),
        grants: record.grants.map((grant) => {
          const last = known?.grants.find(({ tag }) => equalBytes(tag, grant.tag));
          return grantViewOf(core, record, grant, last ?? { status: 'absent', notAfterMs: grant.notAfterMs });
        }),
      };
    }),
  };
}

function contentOf({ studies }: SeenView): string {
  return JSON.stringify(studies, (_, value: unknown) => (value instanceof Uint8Array ? toHex(value) : value));
}
