/** A mempool and its admission on a chain that stands still at genesis: a test says what is finalized. */
import { createChainRules } from '@radledger/consensus';
import { toHex } from '@radledger/primitives';
import type { SignedTransaction } from '@radledger/transactions';
import { type Admission, createAdmission } from '../../src/admission.js';
import { createEventHub, type LedgerEvent } from '../../src/event-hub.js';
import { cellChanged, createMempool, type Mempool } from '../../src/mempool.js';
import { executorRig } from './executor-rig.js';
import { type TestSource, testSource } from './keys.js';
import { genesisOf } from './net.js';
import { solo } from './solo-module.js';

export interface AdmissionRig {
  readonly admission: Admission;
  readonly mempool: Mempool;
  readonly chainId: Uint8Array;
  readonly source: TestSource;
  readonly events: readonly LedgerEvent[];
  /** Whether the mempool took it. @throws {LedgerError} other than a refusal by the state */
  admitted(signed: SignedTransaction): Promise<boolean>;
  /** Tells the admission that these are finalized; the state itself does not move. */
  finalize(transactions: readonly SignedTransaction[], height?: number): Promise<void>;
}

export async function admissionRig(): Promise<AdmissionRig> {
  const source = await testSource('s0');
  const { head, chainId } = await executorRig(genesisOf([source], { moduleId: solo.id }), solo);
  const mempool = createMempool();
  const hub = createEventHub(() => undefined);
  const events: LedgerEvent[] = [];
  hub.subscribe((event) => void events.push(event));
  const admission = createAdmission({
    chainId,
    rules: createChainRules(solo),
    transactionBytesMax: 65_536,
    mempool,
    events: hub,
    tip: () => head.tip(),
    finalizedView: () => head.finalizedView(),
    finalizedHeightOf: () => Promise.resolve(undefined),
    now: Date.now,
    verifyingMax: 2_048,
    changed: () => undefined,
    failed(error) {
      throw error;
    },
  });
  return {
    admission,
    mempool,
    chainId,
    source,
    events,
    async admitted(signed) {
      try {
        return (await admission.admit(signed.bytes, { waits: true })).added;
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'TRANSACTION_REFUSED') throw error;
        return mempool.has(toHex(signed.txId));
      }
    },
    async finalize(transactions, height = 1) {
      admission.finalized(
        height,
        transactions.map(({ txId }) => txId),
        transactions.map(cellChanged),
      );
      await admission.settled();
    },
  };
}
