/** How much of the past a node keeps, in heights. Guide: docs/guides/integrators-node.md, section 4. */
import type { Keeping } from '@radledger/ledger';
import type { NodeConfig } from './config.js';

const DAY_MS = 86_400_000;
/** Proofs that no longer matter to anybody who holds a checkpoint of allowed age. */
const PROOF_DAYS = 28;

/** @returns undefined for a node that keeps everything */
export function keepingOf(
  { history, days }: NodeConfig['keep'],
  { targetIntervalMs }: { readonly targetIntervalMs: number },
): Keeping | undefined {
  if (history === 'archive') return undefined;
  const heightsOf = (span: number): number => Math.ceil((span * DAY_MS) / targetIntervalMs);
  // The ledger itself keeps the last 512, whatever is asked.
  return { bodiesHeights: history === 'light' ? 1 : heightsOf(days), proofsHeights: heightsOf(PROOF_DAYS) };
}
