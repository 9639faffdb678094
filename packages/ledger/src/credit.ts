/** Which waiting transaction lets another be admitted before the record that it needs is finalized. */
import type { TransactionRefusalCode } from '@radledger/chain';
import { equalBytes } from '@radledger/primitives';
import type { SignedTransaction, TransactionKind } from '@radledger/transactions';
import { cellsNeeded, type PendingTransaction } from './mempool.js';

/** Refusals for want of a record, or of one that names this signer. */
const UNMET: ReadonlySet<string> = new Set<TransactionRefusalCode>([
  'SOURCE_UNKNOWN',
  'SOURCE_NOT_DEFINED',
  'NOT_SOURCE_KEY',
  'STUDY_UNKNOWN',
  'NOT_OWNER',
  'NOT_OWNER_OR_DELEGATE',
]);

/** Kinds that the study's owner signs. Not Revoke: its lane is for what applies, and nothing else may take its room. */
const OWNER_KINDS: ReadonlySet<TransactionKind> = new Set(['allow-access', 'set-delegate', 'move-owner']);

export function isUnmet(code: string): boolean {
  return UNMET.has(code);
}

/**
 * The transaction among those that wait which would lift this very refusal: not one that merely touches the same record.
 * @param on - waiting transactions that change a record
 */
export function lifterOf(
  signed: SignedTransaction,
  code: string,
  on: (cell: string) => Iterable<PendingTransaction>,
): PendingTransaction | undefined {
  if (!isUnmet(code) || signed.transaction.kind === 'revoke-access') return undefined;
  for (const cell of cellsNeeded(signed)) {
    for (const candidate of on(cell)) if (empowers(candidate.signed, signed, code)) return candidate;
  }
  return undefined;
}

function empowers({ transaction: by }: SignedTransaction, { transaction }: SignedTransaction, code: string): boolean {
  const { kind, signer } = transaction;
  const isOwnerKind = OWNER_KINDS.has(kind);
  switch (by.kind) {
    case 'define-source':
      return !isOwnerKind && code.startsWith('SOURCE_') && equalBytes(by.signer, signer);
    case 'rotate-key':
      return code === 'NOT_SOURCE_KEY' && by.payload.role === 'signing' && equalBytes(by.payload.newKey, signer);
    case 'define-study':
      return code === 'STUDY_UNKNOWN' && equalBytes(isOwnerKind ? by.payload.owner : by.signer, signer);
    case 'set-delegate':
      return (
        kind === 'allow-access' && by.payload.delegate !== undefined && equalBytes(by.payload.delegate.key, signer)
      );
    case 'move-owner':
      return isOwnerKind && equalBytes(by.payload.newOwner, signer);
    default:
      return false;
  }
}
