import { simplex } from '@radledger/consensus-simplex';
import type { ModulePlug } from '../module-plug.js';
import { SIMPLEX_BEHAVIOURS } from './behaviours.js';
import { MUTANTS } from './mutants.js';
import { createOnTimeLeaders } from './on-time-leaders.js';
import { createSimplexWatcher } from './watcher.js';

export const simplexPlug: ModulePlug = {
  name: 'simplex',
  module: simplex,
  behaviours: SIMPLEX_BEHAVIOURS,
  watchers: [createSimplexWatcher, createOnTimeLeaders],
  mutants: MUTANTS,
};
