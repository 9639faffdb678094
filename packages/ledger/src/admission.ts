/** The way of a transaction from bytes to the mempool: size, bytes, signatures, state, in this order (design D10, D12). */
import { type ChainRules, type CheckResult, checkTransaction, type LeftOut, transactionClaims } from '@radledger/chain';
import { toHex, verify, verifyFast } from '@radledger/primitives';
import { decodeTransaction, type SignedTransaction, TransactionError } from '@radledger/transactions';
import type { ChainView } from './block-tree.js';
import { BoundedMap } from './bounded-map.js';
import { isUnmet, lifterOf } from './credit.js';
import type { EventHub } from './event-hub.js';
import { LedgerError, type RefusalStage } from './errors.js';
import type { Mempool, PendingTransaction } from './mempool.js';
import { ReportRate } from './report-rate.js';
import { createVerifiedTransactions, type VerifiedTransactions } from './verified-transactions.js';
import { WaitingRoom } from './waiting-room.js';

const REFUSED_MAX = 4_096;
/** Heights that a transaction may wait for what it needs. */
const WAITING_HEIGHTS_MAX = 512;
/** A Revoke has no expiry height: after so many heights in the mempool it must still apply. */
const REVOKE_JUDGED_EVERY = 64;

export interface Refusal {
  readonly rule: string;
  readonly message: string;
}

export interface AdmissionOptions {
  readonly chainId: Uint8Array;
  readonly rules: Pick<ChainRules, 'evidence'>;
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
   * `sender`: who sent it, for the rate at which reports are judged; left out for this node's own.
   * @returns the transaction and whether it is new here
   * @throws {LedgerError} `TRANSACTION_REFUSED` | `MEMPOOL_FULL` | `MEMPOOL_CELL_FULL` | `BUSY`
   */
  admit(
    bytes: Uint8Array,
    options: { readonly waits: boolean; readonly sender?: string },
  ): Promise<{ signed: SignedTransaction; added: boolean }>;
  /** Transactions of blocks that left the chain: they wait for a block again, here as where they were first sent. */
  again(transactions: readonly Uint8Array[]): void;
  readonly verified: VerifiedTransactions;
  refusalOf(id: string): Refusal | undefined;
  isWaiting(id: string): boolean;
  waiting(): readonly SignedTransaction[];
  /**
   * After a finalized block: forgets its transactions and what expired, and begins to judge again what the block may have
   * changed. `cells` are the records that its transactions changed.
   */
  finalized(height: number, transactionIds: readonly Uint8Array[], cells: Iterable<string>): void;
  /** Resolves when nothing is being judged again. */
  settled(): Promise<void>;
  /** After a builder left transactions out because they do not apply there: sets them aside until the next finalized block. */
  leftOut(left: readonly LeftOut[]): void;
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { chainId, rules, mempool, events, tip, now } = options;
  const verified = createVerifiedTransactions();
  const refusals = new BoundedMap<string, Refusal>(REFUSED_MAX);
  const reportRate = new ReportRate();
  const waiting = new WaitingRoom();
  /** What was admitted because of another that waits: ids of both. */
  const onCredit = new Map<string, string>();
  /** Revokes in the mempool: height at which each last applied. */
  const revokes = new Map<string, number>();
  const changedCells = new Set<string>();
  const waitingOn = (cell: string): Iterable<PendingTransaction> => mempool.on(cell);
  let judging: Promise<void> | undefined;
  let returning: Promise<void> = Promise.resolve();
  let verifying = 0;

  function setAside(
    signed: SignedTransaction,
    code: string,
    sinceHeight = options.finalizedView().header.height,
  ): void {
    const evicted = waiting.add({
      id: toHex(signed.txId),
      signed,
      waitsFor: isUnmet(code) ? 'record' : 'time',
      sinceHeight,
    });
    for (const other of evicted) refuse(other.signed, 'MEMPOOL_FULL', 'too many transactions wait for what they need');
  }
  /** Takes a transaction out of the mempool, if it is there. */
  function drop(id: string): SignedTransaction | undefined {
    onCredit.delete(id);
    revokes.delete(id);
    return mempool.remove(id)?.signed;
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
    const claims = transactionClaims(signed, { chainId, evidence: rules.evidence });
    if (!claims) throw refused('EVIDENCE_INVALID', 'bytes', true, 'expected evidence of the consensus module');
    if (verifying >= options.verifyingMax) {
      throw new LedgerError({ code: 'BUSY' }, 'too many transactions are being verified: send it again later');
    }
    verifying += 1;
    try {
      const verdicts = await Promise.all([
        ...claims.holding.map(({ key, message, signature }) => verifyFast(key, message, signature)),
        ...claims.failing.map(async ({ key, message, signature }) => !(await verify(key, message, signature))),
      ]);
      if (!verdicts.every(Boolean)) {
        const what = verdicts[0] === true ? 'an acceptance, key proof or evidence' : 'the signature';
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
      rules,
      state: view.state,
      recent: view.recent,
      height: view.header.height + 1,
      timestampMs: Math.max(timestampMs, view.header.timestampMs + 1),
    });
  }

  /** A report is rationed before it is judged, and judged before its many signatures are looked at. */
  async function considerReport(signed: SignedTransaction, sender: string | undefined): Promise<void> {
    if (sender !== undefined && !reportRate.take(sender, performance.now())) {
      throw new LedgerError({ code: 'BUSY' }, 'too many reports of misconduct: send it again later');
    }
    const result = await check(signed, tip(), now());
    if (!result.ok && result.permanent) throw refused(result.code, 'state', true, result.message);
  }

  function add(signed: SignedTransaction, lifter?: string): void {
    const id = toHex(signed.txId);
    for (const dropped of mempool.add(signed)) {
      drop(dropped.id);
      refuse(dropped.signed, 'MEMPOOL_FULL', 'dropped for a less crowded source');
    }
    if (lifter !== undefined) onCredit.set(id, lifter);
    if (signed.transaction.kind === 'revoke-access') revokes.set(id, options.finalizedView().header.height);
    refusals.delete(id);
    events.emit({ type: 'seen', txId: signed.txId, transaction: signed.bytes });
    options.changed();
  }

  /** What in the mempool may not apply any more after blocks that changed these records. */
  function doubtful(cells: ReadonlySet<string>): ReadonlySet<string> {
    const { height } = options.finalizedView().header;
    const ids = new Set(mempool.changing(cells).map(({ id }) => id));
    for (const [id, lifter] of onCredit) if (!mempool.has(lifter)) ids.add(id);
    for (const [id, since] of revokes) if (since + REVOKE_JUDGED_EVERY <= height) ids.add(id);
    return ids;
  }

  /**
   * One pass over what waits and over what a finalized block may have made void: each applies now, goes on waiting, or can never
   * apply. Only the finalized state may say never: a block that is not finalized may still come to nothing.
   */
  async function judgeAgain(): Promise<void> {
    const touched = new Set(changedCells);
    changedCells.clear();
    for (const id of doubtful(touched)) {
      const pending = mempool.get(id);
      if (!pending) continue;
      const view = options.finalizedView();
      const result = await check(pending.signed, view, now());
      if (mempool.get(id) !== pending) continue;
      if (result.ok) {
        onCredit.delete(id);
        if (revokes.has(id)) revokes.set(id, view.header.height);
        continue;
      }
      // Only what came before: two that name each other must not hold each other for ever.
      const lifter = lifterOf(pending.signed, result.code, waitingOn);
      if (lifter && lifter.sequence < pending.sequence) {
        onCredit.set(id, lifter.id);
        continue;
      }
      drop(id);
      if (result.permanent) refuse(pending.signed, result.code, result.message);
      else setAside(pending.signed, result.code);
    }
    for (const { id, signed, waitsFor, sinceHeight } of waiting.worthJudging(touched)) {
      const result = await check(signed, options.finalizedView(), now());
      if (!waiting.has(id)) continue;
      const lifter = result.ok ? undefined : lifterOf(signed, result.code, waitingOn);
      if (!result.ok && !result.permanent && !lifter) {
        if (isUnmet(result.code) !== (waitsFor === 'record')) setAside(signed, result.code, sinceHeight);
        continue;
      }
      waiting.take(id);
      if (result.ok || lifter) addOrRefuse(signed, lifter?.id);
      else refuse(signed, result.code, result.message);
    }
    options.changed();
    if (changedCells.size > 0) await judgeAgain();
  }

  function addOrRefuse(signed: SignedTransaction, lifter?: string): void {
    try {
      add(signed, lifter);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      refuse(signed, error.code, proseOf(error));
    }
  }

  async function admit(
    bytes: Uint8Array,
    { waits, sender }: { readonly waits: boolean; readonly sender?: string },
  ): Promise<{ signed: SignedTransaction; added: boolean }> {
    const signed = decode(bytes);
    const id = toHex(signed.txId);
    if (mempool.has(id) || tip().isUnfinalizedTransaction(id)) return { signed, added: false };
    const height = await options.finalizedHeightOf(signed.txId);
    if (height !== undefined) {
      throw refused('REPLAYED', 'state', true, `this transaction is finalized at height ${height}`);
    }
    if (signed.transaction.kind === 'report-misconduct') await considerReport(signed, sender);
    await verifySignatures(signed);
    const result = await check(signed, tip(), now());
    if (mempool.has(id)) return { signed, added: false };
    // What it depends on may itself be waiting: the block order puts sources before studies before grants.
    const lifter = result.ok ? undefined : lifterOf(signed, result.code, waitingOn);
    if (!result.ok && !lifter) {
      if (!result.permanent && waits) setAside(signed, result.code);
      else refuse(signed, result.code, result.message);
      throw refused(result.code, 'state', result.permanent, result.message);
    }
    waiting.take(id);
    add(signed, lifter?.id);
    return { signed, added: true };
  }

  /** One after another: there may be as many as a few full blocks hold. */
  async function admitAgain(transactions: readonly Uint8Array[]): Promise<void> {
    for (const bytes of transactions) {
      try {
        await admit(bytes, { waits: true });
      } catch (error) {
        if (!(error instanceof LedgerError)) throw error; // a refusal is remembered where it was made
      }
    }
  }

  return {
    admit,
    again(transactions) {
      returning = returning.then(() => admitAgain(transactions)).catch(options.failed);
    },
    verified,
    refusalOf: (id) => refusals.get(id),
    isWaiting: (id) => waiting.has(id),
    waiting: () => waiting.all().map(({ signed }) => signed),
    finalized(height, transactionIds, cells) {
      for (const txId of transactionIds) {
        const id = toHex(txId);
        drop(id);
        waiting.take(id);
        refusals.delete(id);
      }
      for (const cell of cells) changedCells.add(cell);
      for (const { id, signed } of mempool.expire(height + 1)) {
        drop(id);
        refuse(signed, 'EXPIRED', `not in a block up to its expiry height ${signed.transaction.expiryHeight}`);
      }
      for (const { signed } of waiting.expire(height + 1, WAITING_HEIGHTS_MAX)) {
        refuse(signed, 'EXPIRED', 'what it needs did not come in time');
      }
      options.changed();
      judging ??= judgeAgain()
        .catch(options.failed)
        .finally(() => {
          judging = undefined;
        });
    },
    async settled() {
      await returning;
      await judging;
    },
    leftOut(left) {
      let any = false;
      for (const { transaction, code } of left) {
        if (code === 'NO_ROOM' || !drop(toHex(transaction.txId))) continue;
        setAside(transaction, code);
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
