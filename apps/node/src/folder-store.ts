/** The database in a node's folder. */
import { mkdir } from 'node:fs/promises';
import { chainIdOf, type Genesis } from '@radledger/chain';
import { type LedgerStore, openStore } from '@radledger/storage';
import { ClassicLevel } from 'classic-level';

/** @throws {StorageError} */
export async function openFolderStore(folder: string, genesis: Genesis): Promise<LedgerStore> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return openStore(new ClassicLevel<Uint8Array, Uint8Array>(folder, { keyEncoding: 'view', valueEncoding: 'view' }), {
    chainId: chainIdOf(genesis),
  });
}
