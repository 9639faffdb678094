/** The instances of a plan under the names that they have in addresses. */
import type { FileSetEntry, FileSetPlan } from '@radledger/imaging';
import { toHex } from '@radledger/primitives';
import { instanceIdOf, seriesIdOf, studySalts } from '@radledger/transactions';
import type { OpenedStudy } from '../source/open-study.js';

export interface NamedEntry {
  readonly entry: FileSetEntry;
  readonly seriesId: string;
  readonly instanceId: string;
}

// A plan in use is asked for one instance after the other.
const known = new WeakMap<FileSetPlan, readonly NamedEntry[]>();

/** In the order of the plan. */
export function namedEntries({ plan, study }: Pick<OpenedStudy, 'plan' | 'study'>): readonly NamedEntry[] {
  const named = known.get(plan) ?? nameEntries(plan, studySalts(study.secret).studySalt);
  known.set(plan, named);
  return named;
}

/** Those of one series, or one instance; all when nothing narrows it. */
export function selectEntries(
  named: readonly NamedEntry[],
  { seriesId, instanceId }: { readonly seriesId: string | undefined; readonly instanceId: string | undefined },
): readonly NamedEntry[] {
  return named.filter(
    (one) =>
      (seriesId === undefined || one.seriesId === seriesId) &&
      (instanceId === undefined || one.instanceId === instanceId),
  );
}

/** By series, in the order in which the plan first names each. */
export function bySeries(named: readonly NamedEntry[]): readonly (readonly [NamedEntry, ...NamedEntry[]])[] {
  const series = new Map<string, [NamedEntry, ...NamedEntry[]]>();
  for (const one of named) {
    const others = series.get(one.seriesId);
    if (others === undefined) series.set(one.seriesId, [one]);
    else others.push(one);
  }
  return [...series.values()];
}

function nameEntries(plan: FileSetPlan, studySalt: Uint8Array): readonly NamedEntry[] {
  const seriesIds = new Map<string, string>();
  return plan.entries.map((entry) => {
    const { seriesInstanceUid, sopInstanceUid } = entry;
    const seriesId = seriesIds.get(seriesInstanceUid) ?? toHex(seriesIdOf({ studySalt, seriesInstanceUid }));
    seriesIds.set(seriesInstanceUid, seriesId);
    return { entry, seriesId, instanceId: toHex(instanceIdOf({ studySalt, sopInstanceUid })) };
  });
}
