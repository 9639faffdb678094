/** The genesis file that a node is pointed to: JSON, or the canonical bytes. */
import { readFile } from 'node:fs/promises';
import { type Genesis, genesisFromFile } from '@radledger/chain';
import { NodeAppError } from './errors.js';

/** @throws {NodeAppError} `GENESIS_UNREADABLE` | `GENESIS_INVALID` */
export async function readGenesis(file: string): Promise<Genesis> {
  let content: Uint8Array;
  try {
    content = await readFile(file);
  } catch (cause) {
    throw new NodeAppError({ code: 'GENESIS_UNREADABLE', file }, `cannot read the genesis file ${file}`, { cause });
  }
  try {
    return genesisFromFile(content);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : 'not valid';
    throw new NodeAppError({ code: 'GENESIS_INVALID', file }, `${file} is not a genesis: ${why}`, { cause });
  }
}
