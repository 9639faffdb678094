/** How often an observer of the ledger links rightly, beside somebody who draws lots. */
import { drawClinicWeek, type WeekOptions } from './clinic-week.js';
import {
  guess,
  learn,
  type Question,
  readSightings,
  type SeenShare,
  type SeenStudy,
  sharesToOnePractice,
  type Sightings,
  studiesOfOnePatient,
} from './observer.js';
import { type Habits, type Truth, writeWeekLedger } from './week-ledger.js';

export interface Linking {
  /** One guess each. */
  readonly guesses: number;
  /** Share of the guesses that are right, 0 to 1. */
  readonly precision: number;
  /** The same, of the 5% of which the observer is surest. */
  readonly precisionOfSurest: number;
  /** What a random partner would be right in. */
  readonly baseline: number;
}

export interface LinkabilityFigures {
  readonly habits: Habits;
  /** Two studies of one patient; guessed for those studies whose patient has another. */
  readonly studies: Linking;
  /** Two shares to one practice. */
  readonly shares: Linking;
}

const SUREST = 0.05;

/**
 * Draws one week for the observer to learn from and another to attack, both under the same habits.
 * @returns the same figures for the same arguments
 */
export async function measureLinkability(options: WeekOptions, habits: Habits): Promise<LinkabilityFigures> {
  const weekOf = async (seed: number): Promise<{ readonly sightings: Sightings; readonly truth: Truth }> => {
    const ledger = await writeWeekLedger(drawClinicWeek({ ...options, seed }), habits, seed);
    return { sightings: readSightings(ledger), truth: ledger.truth };
  };
  const [taught, attacked] = [await weekOf(options.seed), await weekOf(options.seed + 1)];
  const link = <T>(question: Question<T>, groupOf: (item: T, truth: Truth) => number): Linking => {
    const learned = learn(question, taught.sightings, {
      groupOf: (item) => groupOf(item, taught.truth),
      seed: options.seed,
    });
    return judge(question, attacked.sightings, (item) => groupOf(item, attacked.truth), learned);
  };
  return {
    habits,
    studies: link<SeenStudy>(studiesOfOnePatient, ({ id }, { patientOf }) => patientOf.get(id) as number),
    shares: link<SeenShare>(sharesToOnePractice, ({ tag }, { practiceOf }) => practiceOf.get(tag) as number),
  };
}

function judge<T>(
  question: Question<T>,
  sightings: Sightings,
  groupOf: (item: T) => number,
  learned: ReturnType<typeof learn>,
): Linking {
  const items = question.items(sightings);
  const sizes = new Map<number, number>();
  for (const item of items) sizes.set(groupOf(item), (sizes.get(groupOf(item)) ?? 0) + 1);
  const partners = (item: T): number => (sizes.get(groupOf(item)) as number) - 1;
  const guesses = guess(question, sightings, learned).filter(({ item }) => partners(item) > 0);
  const surest = guesses.slice(0, Math.ceil(guesses.length * SUREST));
  const precisionOf = (some: typeof guesses): number =>
    some.filter(({ item, partner }) => groupOf(item) === groupOf(partner)).length / some.length;
  const linkable = items.filter((item) => partners(item) > 0);
  return {
    guesses: guesses.length,
    precision: precisionOf(guesses),
    precisionOfSurest: precisionOf(surest),
    baseline: linkable.reduce((sum, item) => sum + partners(item) / (items.length - 1), 0) / linkable.length,
  };
}
