/** The consensus modules that `radledger simulate` knows by name, and those that a person brings along. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ConsensusModule } from '@radledger/consensus';
import { authority } from '@radledger/consensus-authority';
import { longestChain } from '@radledger/consensus-longest-chain';
import { simplex } from '@radledger/consensus-simplex';
import { work } from '@radledger/consensus-work';
import { usageError } from './errors.js';

const MODULES: Readonly<Record<string, ConsensusModule>> = {
  simplex,
  'longest-chain': longestChain,
  authority,
  work,
};

/** A module of a person's own: its name in scenarios, and the file that exports it as default. */
export interface ModuleFile {
  readonly name: string;
  readonly file: string;
}

/** @throws {CliError} `USAGE` when a file does not export a module */
export async function loadModules(files: readonly ModuleFile[]): Promise<Readonly<Record<string, ConsensusModule>>> {
  const own = await Promise.all(files.map(async ({ name, file }) => [name, await loadModule(file)] as const));
  return { ...MODULES, ...Object.fromEntries(own) };
}

async function loadModule(file: string): Promise<ConsensusModule> {
  const exported = (await import(pathToFileURL(resolve(file)).href).catch((cause: Error) => {
    throw usageError('--module', `cannot load ${file}: ${cause.message}`);
  })) as { readonly default?: Partial<ConsensusModule> };
  const { default: module } = exported;
  if (typeof module?.id === 'string' && typeof module.create === 'function') return module as ConsensusModule;
  throw usageError('--module', `expected ${file} to export a consensus module as default`);
}
