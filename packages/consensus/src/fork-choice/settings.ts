/** A module's own numbers in genesis, by name. */
import type { ModuleSettings, Parameters } from '@radledger/chain';
import { ConsensusError } from '../errors.js';

export type SettingRanges = Readonly<
  Record<string, { readonly min: number; readonly max: number; readonly default: number }>
>;
export type Settings = Readonly<Record<string, number>>;

/** @throws {ConsensusError} `PARAMETERS_UNSUITABLE` for a name that the module does not have, and a number out of its range */
export function settingsOf(
  { moduleSettings }: { readonly moduleSettings: ModuleSettings },
  ranges: SettingRanges,
): Settings {
  const given = new Map(moduleSettings);
  for (const [name, value] of given) {
    const range = Object.hasOwn(ranges, name) ? ranges[name] : undefined;
    if (range === undefined) throw unsuitable(`moduleSettings.${name}`, `one of ${Object.keys(ranges).join(', ')}`);
    if (value < range.min || value > range.max) {
      throw unsuitable(`moduleSettings.${name}`, `${range.min} to ${range.max}`);
    }
  }
  return Object.fromEntries(Object.entries(ranges).map(([name, range]) => [name, given.get(name) ?? range.default]));
}

export function unsuitable(parameter: string, expected: string): ConsensusError {
  return new ConsensusError({ code: 'PARAMETERS_UNSUITABLE', parameter }, `expected ${expected} for ${parameter}`);
}

/** Heights of a branch that may wait for finality before it grows more slowly. */
export function patientHeights({ epochHeights }: Pick<Parameters, 'epochHeights'>): number {
  return Math.min(128, epochHeights >> 1);
}
