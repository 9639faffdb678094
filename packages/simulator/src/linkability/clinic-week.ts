/** A week of imaging centres and practices, drawn from a seed: who was where, what she claimed, whom she let read it. */
import { Prng } from '../prng.js';

export interface WeekOptions {
  readonly patients: number;
  readonly sources: number;
  readonly practices: number;
  readonly seed: number;
}

/** Times are ms since the Monday's midnight. */
export interface WeekStudy {
  readonly patient: number;
  readonly source: number;
  /** Claims of one sitting follow each other within a minute. */
  readonly sitting: number;
  readonly claimedMs: number;
}

export interface WeekShare {
  /** Index into `studies`. */
  readonly study: number;
  readonly practice: number;
  /** Grants of one sitting are tapped together. */
  readonly sitting: number;
  readonly tappedMs: number;
}

export interface WeekStop {
  /** Index into `shares`. */
  readonly share: number;
  readonly tappedMs: number;
}

export interface ClinicWeek {
  readonly studies: readonly WeekStudy[];
  readonly shares: readonly WeekShare[];
  readonly stops: readonly WeekStop[];
}

export const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const WORK_DAYS = 5;
const OPENS_MS = 8 * HOUR_MS;
const OPEN_MS = 10 * HOUR_MS;

/**
 * Every patient has one visit of one to three studies, some a second one elsewhere; studies of a visit are claimed one after the other,
 * half of them at the desk. Four patients in five share all that they have, in one sitting, with a practice; most practices work with two
 * sources near them. A few of them stop it later, all at once.
 * @returns the same week for the same options
 */
export function drawClinicWeek({ patients, sources, practices, seed }: WeekOptions): ClinicWeek {
  const random = new Prng(seed);
  const near = Array.from({ length: practices }, () => [
    random.between(0, sources - 1),
    random.between(0, sources - 1),
  ]);
  const practicesNear = Array.from({ length: sources }, (_, source) =>
    near.flatMap((some, practice) => (some.includes(source) ? [practice] : [])),
  );
  const practiceFor = (source: number): number => {
    const some = practicesNear[source] as readonly number[];
    return some.length > 0 && random.chance(80) ? random.pick(some) : random.between(0, practices - 1);
  };
  const studies: WeekStudy[] = [];
  const shares: WeekShare[] = [];
  const stops: WeekStop[] = [];
  let sittings = 0;

  const visit = (patient: number, afterMs: number): number => {
    const source = random.between(0, sources - 1);
    const day = Math.max(Math.floor(afterMs / DAY_MS), random.between(0, WORK_DAYS - 1));
    const endMs = Math.max(afterMs, day * DAY_MS + OPENS_MS + random.between(0, OPEN_MS));
    let claimedMs =
      endMs + (random.chance(50) ? random.between(MINUTE_MS, 15 * MINUTE_MS) : random.between(0, 2 * DAY_MS));
    const sitting = sittings++;
    const count = random.chance(70) ? 1 : random.chance(75) ? 2 : 3;
    for (let number = 0; number < count; number++) {
      studies.push({ patient, source, sitting, claimedMs });
      claimedMs += random.between(15_000, 60_000);
    }
    return claimedMs;
  };

  const share = (from: number, practice: number, afterMs: number): number => {
    // At the desk, or when she sits with the doctor.
    const satMs =
      afterMs + (random.chance(40) ? random.between(20_000, 3 * MINUTE_MS) : random.between(HOUR_MS, 2 * DAY_MS));
    const sitting = sittings++;
    const first = shares.length;
    for (let study = from; study < studies.length; study++) {
      shares.push({ study, practice, sitting, tappedMs: satMs });
    }
    if (random.chance(3)) {
      const tappedMs = satMs + random.between(HOUR_MS, 2 * DAY_MS);
      for (let number = first; number < shares.length; number++) stops.push({ share: number, tappedMs });
    }
    return satMs;
  };

  for (let patient = 0; patient < patients; patient++) {
    const first = studies.length;
    let lastMs = visit(patient, 0);
    if (random.chance(15)) lastMs = visit(patient, lastMs);
    if (!random.chance(80)) continue;
    const { source } = studies[first] as WeekStudy;
    const satMs = share(first, practiceFor(source), lastMs);
    if (random.chance(20)) share(first, practiceFor(source), satMs);
  }
  return { studies, shares, stops };
}
