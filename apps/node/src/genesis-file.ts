/** The genesis file that a node is pointed to: JSON, or the canonical bytes. */
import { readFile } from 'node:fs/promises';
import { decodeGenesis, type Genesis, genesisFromJson } from '@radledger/chain';
import { NodeAppError } from './errors.js';

/** Larger than any genesis as JSON. */
const GENESIS_FILE_BYTES_MAX = 8 * 1024 * 1024;

/** @throws {NodeAppError} `GENESIS_UNREADABLE` | `GENESIS_INVALID` */
export async function readGenesis(file: string): Promise<Genesis> {
  let content: Uint8Array;
  try {
    content = await readFile(file);
  } catch (cause) {
    throw new NodeAppError({ code: 'GENESIS_UNREADABLE', file }, `cannot read the genesis file ${file}`, { cause });
  }
  try {
    if (content.length > GENESIS_FILE_BYTES_MAX) throw new RangeError('larger than any genesis');
    if (content[0] !== 0x7b) return decodeGenesis(new Uint8Array(content));
    return genesisFromJson(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content)));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : 'not valid';
    throw new NodeAppError({ code: 'GENESIS_INVALID', file }, `${file} is not a genesis: ${why}`, { cause });
  }
}
