/** File-set plans in use: reading a study by its instances must not decode its plan once for each. */
import type { FileSetPlan } from '@radledger/imaging';

/** Entries of all plans that are kept, about 0.6 KB each; the newest is kept whatever its size. */
const ENTRIES_MAX = 20_000;

/** @param load - finds and decodes; a plan never changes under its id */
export function createPlanCache(
  load: (id: string) => Promise<FileSetPlan | undefined>,
): (id: string) => Promise<FileSetPlan | undefined> {
  const plans = new Map<string, FileSetPlan>();
  return async (id) => {
    const plan = plans.get(id) ?? (await load(id));
    if (plan === undefined) return undefined;
    plans.delete(id);
    plans.set(id, plan);
    let entries = 0;
    for (const [one, { entries: more }] of [...plans].reverse()) {
      entries += more.length;
      if (entries > ENTRIES_MAX && one !== id) plans.delete(one);
    }
    return plan;
  };
}
