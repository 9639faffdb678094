/** The only place besides their own folders that names concrete modules. */
import type { ModulePlug } from './module-plug.js';
import { authorityPlug, longestChainPlug, workPlug } from './fork-choice/plugs.js';
import { simplexPlug } from './simplex/plug.js';

export const PLUGS: readonly ModulePlug[] = [simplexPlug, longestChainPlug, authorityPlug, workPlug];
