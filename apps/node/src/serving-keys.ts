/** Which keys of a source serve, as the database of its stopped node knows it. */
import { cellKey, decodeEpochCell, epochOfHeight, type Genesis } from '@radledger/chain';
import { equalBytes } from '@radledger/primitives';
import { StorageError } from '@radledger/storage';
import { NodeAppError } from './errors.js';
import { exists, folderPaths } from './folder.js';
import { openFolderStore } from './folder-store.js';
import type { ServingKeys } from './rotate.js';

/**
 * The keys that the epoch of the node's next block names for its source; undefined when it names none.
 * @throws {NodeAppError} `FOLDER_LOCKED` while the node runs
 */
export async function servingKeysOf(options: {
  readonly folder: string;
  readonly genesis: Genesis;
  readonly source: Uint8Array;
}): Promise<ServingKeys | undefined> {
  const { genesis, source } = options;
  const { database } = folderPaths(options.folder);
  if (!(await exists(database))) return undefined;
  const store = await openFolderStore(database, genesis).catch((cause: unknown) => {
    if (!(cause instanceof StorageError) || cause.info.code !== 'DATABASE_LOCKED') throw cause;
    const message = `${database} is in use by another process: stop the node first`;
    throw new NodeAppError({ code: 'FOLDER_LOCKED', folder: options.folder }, message, { cause });
  });
  try {
    const epoch = epochOfHeight((store.tip?.height ?? 0) + 1, genesis.parameters.epochHeights);
    const [cell] = await store.getMany([cellKey.epoch(epoch)]);
    return cell && decodeEpochCell(cell).members.find((member) => equalBytes(member.source, source));
  } finally {
    await store.close();
  }
}
