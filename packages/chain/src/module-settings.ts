/** Numbers that mean something to the consensus module alone. Spec: docs/spec/genesis.md, section 2. */
import { list, type Schema, text, tuple, uint } from '@radledger/primitives';
import { ChainError } from './errors.js';

/** Most settings of one network. */
export const MODULE_SETTINGS_MAX = 32;

/** Name and value, rising by name, no name twice. */
export type ModuleSettings = readonly (readonly [name: string, value: number])[];

const NAME = /^[a-z][A-Za-z0-9]*$/;
const entries = list(tuple(text({ min: 1, max: 32 }), uint()), { max: MODULE_SETTINGS_MAX });

/** Which names there are, and their ranges, is for the module to judge. */
export const moduleSettingsSchema: Schema<ModuleSettings> = {
  encode: (settings) => entries.encode(settings),
  decode(value, path = '') {
    const settings = entries.decode(value, path);
    const ordered = settings.every(([name], index) => {
      const before = settings[index - 1];
      return NAME.test(name) && (before === undefined || before[0] < name);
    });
    if (ordered) return settings;
    throw new ChainError(
      { code: 'PARAMETER_OUT_OF_RANGE', parameter: path },
      `expected camelCase names of letters and digits, rising, for ${path}`,
    );
  },
};
