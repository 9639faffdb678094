/** The way of a transaction from bytes to the mempool: size, bytes, signatures, state, in this order (design D10, D12). */
import { type CheckResult, checkTransaction, type LeftOut, type TransactionRefusalCode } from '@radledger/chain';
import { toHex, verifyFast } from '@radledger/primitives';
import { decodeTransaction, type SignedTransaction, signatureClaims, TransactionError } from '@radledger/transactions';
import type { ChainView } from './block-tree.js';
import { BoundedMap } from './bounded-map.js';
import type { EventHub } from './event-hub.js';
import { LedgerError, type RefusalStage } from './errors.js';
import { cellsNeeded, type Mempool } from './mempool.js';
import { createVerifiedTransactions, type VerifiedTransactions } from './verified-transactions.js';

const REFUSED_MAX = 4_096;
const WAITING_MAX = 1_024;
const WAITING_BYTES_MAX = 2 * 1024 * 1024;

/** Refusals that a transaction which waits already may lift. */
const UNMET: ReadonlySet<string> = new Set<TransactionRefusalCode>([
  'SOURCE_UNKNOWN',
  'SOURCE_NOT_DEFINED',
  'NOT_SOURCE_KEY',
  'STUDY_UNKNOWN',
  'NOT_OWNER',
  'NOT_OWNER_OR_DELEGATE',
]);

export interface Refusal {
  readonly rule: string;
  readonly message: string;
}

export interface AdmissionOptions {
  readonly chainId: Uint8Array;
  readonly transactionBytesMax: number;
  readonly mempool: Mempool;
  readonly events: EventHub;
  /** Where transactions are judged: the tip that consensus adopted. */
  readonly tip: () => ChainView;
  readonly finalizedView: () => ChainView;
  readonly finalizedHeightOf: (txId: Uint8Array) => Promise<number | undefined>;
  readonly now: () => number;
  /** Transactions in signature verification at once. */
  readonly verifyingMax: number;
  /** Called when the mempool has changed. */
  readonly changed: () => void;
  /** A fault of this node itself. */
  readonly failed: (error: unknown) => void;
}

export interface Admission {
  /**
   * Admits bytes. `waits`: true keeps a transaction that may apply after the next block (peers see blocks in another order).
   * @returns the transaction and whether it is new here
   * @throws {LedgerError} `TRANSACTION_REFUSED` | `MEMPOOL_FULL` | `MEMPOOL_CELL_FULL` | `BUSY`
   */
  admit(
    bytes: Uint8Array,
    options: { readonly waits: boolean },
  ): Promise<{ signed: SignedTransaction; added: boolean }>;
  readonly verified: VerifiedTransactions;
  refusalOf(id: string): Refusal | undefined;
  isWaiting(id: string): boolean;
  waiting(): readonly SignedTransaction[];
  /** After a finalized block: forgets its transactions and what expired, and begins to judge again what the block may have changed. */
  finalized(height: number, transactionIds: readonly Uint8Array[]): void;
  /** Resolves when nothing is being judged again. */
  settled(): Promise<void>;
  /** After a builder left transactions out because they do not apply there: sets them aside until the next finalized block. */
  leftOut(left: readonly LeftOut[]): void;
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { chainId, mempool, events, tip, now } = options;
  const verified = createVerifiedTransactions();
  const refusals = new BoundedMap<string, Refusal>(REFUSED_MAX);
  const waiting = new Map<string, SignedTransaction>();
  const changedCells = new Set<string>();
  let waitingBytes = 0;
  let judging: Promise<void> | undefined;
  let verifying = 0;

  function setAside(signed: SignedTransaction): void {
    const id = toHex(signed.txId);
    if (waiting.has(id)) return;
    waiting.set(id, signed);
    waitingBytes += signed.bytes.length;
    for (const [oldest] of waiting) {
      if (waiting.size <= WAITING_MAX && waitingBytes <= WAITING_BYTES_MAX) return;
      takeUp(oldest);
    }
  }
  function takeUp(id: string): SignedTransaction | undefined {
    const signed = waiting.get(id);
    if (!signed) return undefined;
    waiting.delete(id);
    waitingBytes -= signed.bytes.length;
    return signed;
  }

  function refuse(signed: SignedTransaction, rule: string, message: string): void {
    refusals.set(toHex(signed.txId), { rule, message });
    events.emit({ type: 'refused', txId: signed.txId, rule });
  }

  function decode(bytes: Uint8Array): SignedTransaction {
    try {
      return decodeTransaction(bytes, chainId, { bytesMax: options.transactionBytesMax });
    } catch (cause) {
      if (!(cause instanceof TransactionError)) throw cause;
      throw refused(cause.code, 'bytes', true, proseOf(cause), cause);
    }
  }

  async function verifySignatures(signed: SignedTransaction): Promise<void> {
    const digest = verified.digestOf(signed);
    if (verified.has(digest)) return;
    if (verifying >= options.verifyingMax) {
      throw new LedgerError({ code: 'BUSY' }, 'too many transactions are being verified: send it again later');
    }
    verifying += 1;
    try {
      const claims = signatureClaims(signed, chainId);
      const verdicts = await Promise.all(
        claims.map(({ key, message, signature }) => verifyFast(key, message, signature)),
      );
      if (!verdicts.every(Boolean)) {
        const what = verdicts[0] === true ? 'an acceptance or key proof' : 'the signature';
        throw refused('SIGNATURE_INVALID', 'signature', true, `${what} does not verify on this chain`);
      }
      verified.add(digest);
    } finally {
      verifying -= 1;
    }
  }

  function check(signed: SignedTransaction, view: ChainView, timestampMs: number): Promise<CheckResult> {
    return checkTransaction(signed, {
      chainId,
      state: view.state,
      recent: view.recent,
      height: view.header.height + 1,
      timestampMs: Math.max(timestampMs, view.header.timestampMs + 1),
    });
  }

  function add(signed: SignedTransaction): void {
    const dropped = mempool.add(signed);
    for (const { signed: other } of dropped) refuse(other, 'MEMPOOL_FULL', 'dropped for a less crowded source');
    refusals.delete(toHex(signed.txId));
    events.emit({ type: 'seen', txId: signed.txId, transaction: signed.bytes });
    options.changed();
  }

  /**
   * One pass over what waited and over what changes a record that a finalized block changed: each applies now, can never apply,
   * or goes on waiting. Only the finalized state may say never: a block that is not finalized may still come to nothing.
   */
  async function judgeAgain(): Promise<void> {
    const touched = new Set(changedCells);
    changedCells.clear();
    for (const { id, signed } of mempool.changing(touched)) {
      const result = await check(signed, options.finalizedView(), now());
      if (result.ok || UNMET.has(result.code) || !mempool.remove(id)) continue;
      if (result.permanent) refuse(signed, result.code, result.message);
      else setAside(signed);
    }
    for (const [id, signed] of [...waiting]) {
      const result = await check(signed, options.finalizedView(), now());
      if (!waiting.has(id) || (!result.ok && !result.permanent)) continue;
      takeUp(id);
      if (!result.ok) refuse(signed, result.code, result.message);
      else addOrRefuse(signed);
    }
    options.changed();
    if (changedCells.size > 0) await judgeAgain();
  }

  function addOrRefuse(signed: SignedTransaction): void {
    try {
      add(signed);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      refuse(signed, error.code, proseOf(error));
    }
  }

  return {
    async admit(bytes, { waits }) {
      const signed = decode(bytes);
      const id = toHex(signed.txId);
      if (mempool.has(id) || tip().isUnfinalizedTransaction(id)) return { signed, added: false };
      const height = await options.finalizedHeightOf(signed.txId);
      if (height !== undefined) {
        throw refused('REPLAYED', 'state', true, `this transaction is finalized at height ${height}`);
      }
      await verifySignatures(signed);
      const result = await check(signed, tip(), now());
      if (mempool.has(id)) return { signed, added: false };
      if (!result.ok) {
        // What it depends on may itself be waiting: the block order puts sources before studies before grants.
        const parentWaits = UNMET.has(result.code) && cellsNeeded(signed).some((cell) => mempool.changes(cell));
        if (!parentWaits) {
          if (!result.permanent && waits) setAside(signed);
          else refuse(signed, result.code, result.message);
          throw refused(result.code, 'state', result.permanent, result.message);
        }
      }
      takeUp(id);
      add(signed);
      return { signed, added: true };
    },
    verified,
    refusalOf: (id) => refusals.get(id),
    isWaiting: (id) => waiting.has(id),
    waiting: () => [...waiting.values()],
    finalized(height, transactionIds) {
      for (const txId of transactionIds) {
        const id = toHex(txId);
        const known = mempool.remove(id);
        if (known) changedCells.add(known.cell);
        takeUp(id);
        refusals.delete(id);
      }
      for (const { signed } of mempool.expire(height + 1)) {
        refuse(signed, 'EXPIRED', `not in a block up to its expiry height ${signed.transaction.expiryHeight}`);
      }
      options.changed();
      judging ??= judgeAgain()
        .catch(options.failed)
        .finally(() => {
          judging = undefined;
        });
    },
    async settled() {
      await judging;
    },
    leftOut(left) {
      let any = false;
      for (const { transaction, code } of left) {
        if (code === 'NO_ROOM' || !mempool.remove(toHex(transaction.txId))) continue;
        setAside(transaction);
        any = true;
      }
      if (any) options.changed();
    },
  };
}

function refused(rule: string, stage: RefusalStage, permanent: boolean, message: string, cause?: unknown): LedgerError {
  return new LedgerError({ code: 'TRANSACTION_REFUSED', rule, stage, permanent }, message, { cause });
}

/** The message of a coded error without the code in front. */
function proseOf({ code, message }: { readonly code: string; readonly message: string }): string {
  return message.slice(code.length + 2);
}
