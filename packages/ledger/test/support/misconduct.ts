/** What the finalized state says of misconduct. */
import { cellKey, decodeMisconductCell, type MisconductCell } from '@radledger/chain';
import type { Ledger } from '../../src/index.js';

export async function cellOf<T>(
  ledger: Ledger,
  name: Uint8Array,
  decode: (bytes: Uint8Array) => T,
): Promise<T | undefined> {
  const [bytes] = await ledger.read(({ state }) => state.getMany([name]));
  return bytes && decode(bytes);
}

export function misconductOf(ledger: Ledger, source: Uint8Array, epoch: number): Promise<MisconductCell | undefined> {
  return cellOf(ledger, cellKey.misconduct(source, epoch), decodeMisconductCell);
}
