import { createNodeClient } from '@radledger/client';
import type { LedgerPort } from '../ledger-port.js';
import { createNodeLedger } from '../node-ledger.js';

/** The ledger as the operator's own node tells it. @param url - of the node's HTTP API, for instance `http://127.0.0.1:7410` */
export function connectNode(url: string): LedgerPort {
  return createNodeLedger(createNodeClient({ url }));
}
