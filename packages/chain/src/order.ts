/** The order of transactions in a block: a validity rule. Spec: docs/spec/blocks.md, section 4. */
import { compareBytes, hash } from '@radledger/primitives';
import type { SignedTransaction, TransactionKind } from '@radledger/transactions';

const ORDER_CLASSES: Readonly<Record<TransactionKind, number>> = {
  'define-source': 0,
  'move-source': 0,
  'rotate-key': 0,
  'define-study': 1,
  'amend-study': 1,
  'allow-access': 2,
  'set-delegate': 3,
  'move-owner': 4,
  'revoke-access': 5,
  'retire-study': 6,
  'report-misconduct': 7,
  attest: 7,
  resume: 7,
};

/** Where a transaction stands among others of one block. */
export interface OrderKey {
  readonly orderClass: number;
  readonly lot: Uint8Array;
}

/** Class of the kind, then H('radledger/order/1', parent id, txId): the leader cannot choose. */
export function orderKeyOf(transaction: SignedTransaction, parentId: Uint8Array): OrderKey {
  return {
    orderClass: ORDER_CLASSES[transaction.transaction.kind],
    lot: hash('radledger/order/1', parentId, transaction.txId),
  };
}

/** Negative when `a` comes first; 0 only for one and the same transaction. */
export function compareOrder(a: OrderKey, b: OrderKey): number {
  return a.orderClass - b.orderClass || compareBytes(a.lot, b.lot);
}
