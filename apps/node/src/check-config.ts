/** `radledger-node check-config`: everything that can be checked without opening the database or a port. */
import { chainIdOf } from '@radledger/chain';
import { publicKeyOf, toHex } from '@radledger/primitives';
import type { NodeConfig } from './config.js';
import { exists, folderPaths, readSecretFile, readSeed } from './folder.js';
import { readGenesis } from './genesis-file.js';
import { moduleNamed } from './modules.js';
import { recoveriesOf } from './recovery-file.js';

export interface CheckedConfig {
  readonly config: string;
  readonly chainId: string;
  readonly name: string;
  readonly module: string;
  readonly nodeKey: string;
  /** Null for a node that follows only. */
  readonly source: string | null;
  /** Heights of the recoveries that it follows: of those kept in its folder, and of those that the configuration names. */
  readonly recoveries: readonly number[];
}

/** @throws {NodeAppError} what would stop `run` */
export async function checkConfig(config: NodeConfig): Promise<CheckedConfig> {
  const genesis = await readGenesis(config.genesis);
  const paths = folderPaths(config.folder);
  const nodeKey = toHex(await publicKeyOf(await readSeed(paths.nodeKey)));
  await readSecretFile(paths.tlsKey);
  const source = config.identity?.enabled ? config.identity.source : null;
  if (source !== null) {
    await readSeed(paths.vrfKey);
    for (const next of [paths.nextNodeKey, paths.nextVrfKey]) if (await exists(next)) await readSeed(next);
  }
  const chainId = chainIdOf(genesis);
  const recoveries = await recoveriesOf(paths.recoveries, config.recoveries, chainId);
  return {
    config: config.file,
    chainId: toHex(chainId),
    name: genesis.name,
    module: moduleNamed(genesis.moduleId).id,
    nodeKey,
    source,
    recoveries: recoveries.map(({ height }) => height).sort((a, b) => a - b),
  };
}
