/**
 * Builds, judges and commits blocks: the ports of consensus that touch state (docs/spec/consensus-boundary.md).
 * Executions and commits run one after another, so a state never moves under an execution; signatures are verified
 * beside it on the thread pool.
 */
import {
  type Block,
  blockIdOf,
  bodyBytesOf,
  type BuildBlockResult,
  buildBlock,
  type ChainRules,
  epochOfHeight,
  type ExecutionResult,
  executeBlock,
  isBoundaryHeight,
  merkleRootInSlices,
  overlayReader,
  type Parameters,
  proveEpoch,
  type Policies,
  proveOffence,
  type ProveOffenceInput,
  REPORTS_PER_BLOCK_MAX,
  transactionClaims,
} from '@radledger/chain';
import { type BlockVerdict, type BuildRequest, type ConsensusModule, encodeDutyEvent } from '@radledger/consensus';
import { CodedError, equalBytes, type SignatureClaim, toHex, verifyAll } from '@radledger/primitives';
import type { LedgerStore } from '@radledger/storage';
import { decodeTransaction, signatureClaims, type SignedTransaction } from '@radledger/transactions';
import type { Admission } from './admission.js';
import type { ChainHead } from './chain-head.js';
import type { ChainView, Overlay } from './block-tree.js';
import type { EpochContexts } from './epoch-contexts.js';
import { LedgerError } from './errors.js';
import { createJobQueue } from './job-queue.js';
import { cellChanged, type Mempool } from './mempool.js';
import { pause } from './pause.js';
import { verifyInSlices } from './signature-slices.js';

export interface BlockExecutorOptions {
  readonly chainId: Uint8Array;
  readonly store: LedgerStore;
  readonly head: ChainHead;
  readonly module: ConsensusModule;
  readonly rules: ChainRules;
  readonly epochs: EpochContexts;
  readonly parameters: Parameters;
  readonly policies: Policies;
  readonly mempool: Mempool;
  readonly admission: Admission;
  /** Awaited after each commit, while the state is that of the committed block. */
  readonly advanced: () => Promise<void>;
  /** Called after each commit, in height order, before the next begins. */
  readonly committed: (committed: Pick<Overlay, 'block' | 'transactionIds' | 'cells'>) => void;
}

export interface BlockExecutor {
  build(request: BuildRequest): Promise<Block | undefined>;
  verify(block: Block): Promise<BlockVerdict>;
  /**
   * Begins the signature checks of a block that will be verified soon, beside what is executed now. All it leaves behind is
   * which exact bytes are signed: what does not hold is found again when the block is verified.
   */
  prepare(block: Block): void;
  /**
   * Makes a block durable whose finality was verified; one that is finalized already is passed over. Stored is the body that
   * was executed, which need not be the one given.
   * @throws {LedgerError} `PEER_DATA_INVALID` when the body is not the header's or says what no body may: nothing is written;
   *   `CONFLICTING_FINALITY` when another block of that height is finalized; `STATE_ROOT_MISMATCH` when this one does not
   *   execute
   */
  commit(block: Block, finalityProof: Uint8Array): Promise<void>;
  /** Resolves when everything that was begun has ended. */
  idle(): Promise<void>;
}

interface Prepared {
  /** Undefined when the body is not the header's or does not decode. */
  readonly decoded: Promise<readonly SignedTransaction[] | undefined>;
  /** The cache of verified signatures knows all of them that hold. */
  readonly warmed: Promise<void>;
}

type Forgery = Extract<ProveOffenceInput['refusal'], { readonly claim: number }>;

/** Something signed in the body does not hold; `forgery` when it is a signature of a transaction itself. */
interface Unsigned {
  readonly status: 'unsigned';
  readonly forgery: Forgery | undefined;
}

/** Transactions decoded at a stretch: about two milliseconds. */
const DECODED_AT_ONCE = 64;

/** Transactions whose signatures are handed over at a stretch: below a millisecond. */
const VERIFIED_AT_ONCE = 32;

/** A wrong body says nothing about the block: the peer that sent it is at fault. */
const BODY_CODES: ReadonlySet<string> = new Set(['WRONG_BODY_SIZE', 'WRONG_TRANSACTION_ROOT']);

/** The module's code for the same. */
const WRONG_BODY = 'WRONG_BODY';

export function createBlockExecutor(options: BlockExecutorOptions): BlockExecutor {
  const { chainId, store, head, module, rules, epochs, parameters, mempool, admission } = options;
  const inOrder = createJobQueue();
  /** Checks under way, by the very object they are about: another body of the same block shares nothing with it. */
  const prepared = new WeakMap<Block['body'], Prepared>();

  /** Why the module's part of the body cannot stand with this header, if so. */
  function unboundRule(block: Block): string | undefined {
    try {
      module.checkBody(block);
      return undefined;
    } catch (error) {
      return codeOf(error);
    }
  }

  async function isBodyOfHeader({ header, body }: Block): Promise<boolean> {
    if (header.bodyBytes !== bodyBytesOf(body.transactions, body.justification.length)) return false;
    return equalBytes(header.transactionRoot, await merkleRootInSlices(body.transactions, pause));
  }

  /** Undefined when no block may hold this body: execution names the rule, and no signature in it is looked at. */
  async function decodeAll({ body }: Block): Promise<readonly SignedTransaction[] | undefined> {
    const decoded: SignedTransaction[] = [];
    let reports = 0;
    try {
      for (const [index, bytes] of body.transactions.entries()) {
        const signed = decodeTransaction(bytes, chainId, { bytesMax: parameters.transactionBytesMax });
        decoded.push(signed);
        if (signed.transaction.kind === 'report-misconduct') reports += 1;
        if (reports > REPORTS_PER_BLOCK_MAX) return undefined;
        if (index % DECODED_AT_ONCE === DECODED_AT_ONCE - 1) await pause();
      }
      return decoded;
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      return undefined;
    }
  }

  async function decodeOwn(block: Block): Promise<readonly SignedTransaction[] | undefined> {
    return unboundRule(block) === undefined && (await isBodyOfHeader(block)) ? decodeAll(block) : undefined;
  }

  function keep(
    block: Block,
    { writeSet, duties }: Pick<BuildBlockResult, 'writeSet' | 'duties'>,
    transactions: readonly SignedTransaction[],
  ): void {
    const transactionIds = transactions.map(({ txId }) => txId);
    const cells = new Set(transactions.map(cellChanged));
    head.tree.add({ id: toHex(block.id), block, writeSet, duties, transactionIds, cells });
  }

  /** Signatures that no earlier admission or block has shown to be valid. */
  async function signaturesHold(transactions: readonly SignedTransaction[]): Promise<boolean> {
    const { verified } = admission;
    const fresh: string[] = [];
    /** Signatures that evidence shows to be false; `undefined` where it is no evidence at all. */
    const failing: (readonly SignatureClaim[] | undefined)[] = [];
    function* claims(): Generator<readonly SignatureClaim[]> {
      for (let from = 0; from < transactions.length; from += VERIFIED_AT_ONCE) {
        const unknown = transactions
          .slice(from, from + VERIFIED_AT_ONCE)
          .map((signed) => ({ signed, digest: verified.digestOf(signed) }))
          .filter(({ digest }) => !verified.has(digest));
        fresh.push(...unknown.map(({ digest }) => digest));
        const found = unknown.map(({ signed }) => transactionClaims(signed, { chainId, evidence: rules.evidence }));
        failing.push(...found.map((claim) => claim?.failing));
        yield found.flatMap((claim) => claim?.holding ?? []);
      }
    }
    if (!(await verifyInSlices(claims()))) return false;
    for (const group of failing) if (group === undefined || !(await noneHolds(group))) return false;
    for (const digest of fresh) verified.add(digest);
    return true;
  }

  /** The first signature of a transaction that does not hold; undefined when only what evidence rests on is false. */
  async function forgeryIn(transactions: readonly SignedTransaction[]): Promise<Forgery | undefined> {
    for (const [transactionIndex, signed] of transactions.entries()) {
      if (admission.verified.has(admission.verified.digestOf(signed))) continue;
      for (const [claim, one] of signatureClaims(signed, chainId).entries()) {
        if (!(await verifyAll([one]))) return { code: 'SIGNATURE_INVALID', transactionIndex, claim };
      }
    }
    return undefined;
  }

  async function judge(block: Block, view: ChainView): Promise<ExecutionResult | Unsigned> {
    const early = prepared.get(block.body);
    const decoded = (await early?.decoded) ?? (await decodeAll(block));
    const signaturesChecked = async (): Promise<boolean> => {
      await early?.warmed;
      return decoded === undefined || signaturesHold(decoded);
    };
    const [execution, signed] = await Promise.all([
      executeBlock({
        chainId,
        parent: view.header,
        state: view.state,
        rules,
        recent: view.recent,
        pause,
        block,
        ...(decoded && { decoded }),
      }),
      signaturesChecked(),
    ]);
    if (execution.status === 'invalid' && BODY_CODES.has(execution.code)) return execution;
    return signed ? execution : { status: 'unsigned', forgery: await forgeryIn(decoded ?? []) };
  }

  async function verifyNow(block: Block): Promise<BlockVerdict> {
    const unbound = unboundRule(block);
    if (unbound !== undefined)
      return unbound === WRONG_BODY ? { kind: 'mismatch' } : { kind: 'invalid', code: unbound };
    if (head.tree.get(block.id)) return { kind: 'valid' };
    const { height, parentId } = block.header;
    if (height <= head.finalized.height) {
      const finalized = await store.header(height);
      return finalized && (await store.heightOf(block.id)) === height ? { kind: 'valid' } : { kind: 'notYet' };
    }
    const view = head.tree.viewAt(parentId);
    if (!view) return { kind: 'notYet' };
    const result = await judge(block, view);
    if (result.status === 'valid') {
      keep(block, result, result.transactions);
      return { kind: 'valid' };
    }
    const refusal = result.status === 'unsigned' ? result.forgery : result;
    if (refusal === undefined) return { kind: 'invalid', code: 'SIGNATURE_INVALID' };
    if (BODY_CODES.has(refusal.code)) return { kind: 'mismatch' };
    const offence = await offenceOf(block, view, refusal);
    return { kind: 'invalid', code: refusal.code, ...(offence && { offence }) };
  }

  /** What shows others that the leader should not have proposed this. */
  function offenceOf(
    block: Block,
    { header: parent, state }: ChainView,
    refusal: ProveOffenceInput['refusal'],
  ): Promise<Uint8Array | undefined> {
    return proveOffence({ chainId, parameters, policies: options.policies, block, parent, state, refusal });
  }

  return {
    build: (request) =>
      inOrder(async () => {
        const { parent, timestampMs, proposer, seal, justification } = request;
        const view = head.tree.viewAt(blockIdOf(parent));
        if (!view) return undefined;
        const candidates = mempool.candidates(parameters.blockBytesMax, (id) => view.isUnfinalizedTransaction(id));
        const built = await buildBlock({
          chainId,
          parent,
          state: view.state,
          rules,
          recent: view.recent,
          pause,
          candidates: candidates.map(({ signed }) => signed),
          timestampMs,
          proposer,
          seal,
          justification,
        });
        keep(built.block, built, built.selected);
        admission.leftOut(built.left);
        return built.block;
      }),
    prepare(block) {
      const decoded = decodeOwn(block);
      const warmed = decoded.then(async (transactions) => void (transactions && (await signaturesHold(transactions))));
      warmed.catch(() => undefined); // who verifies the block awaits it and learns of the fault
      prepared.set(block.body, { decoded, warmed });
    },
    verify: (block) => inOrder(() => verifyNow(block)),
    idle: () => inOrder(() => Promise.resolve()),
    commit: (block, finalityProof) =>
      inOrder(async () => {
        const { height } = block.header;
        if (height <= head.finalized.height) {
          if ((await store.heightOf(block.id)) === height) return;
          throw new LedgerError(
            { code: 'CONFLICTING_FINALITY', height },
            'consensus finalized two blocks of one height: more than a third of the weight signed both',
          );
        }
        const unbound = unboundRule(block);
        if (unbound !== undefined) throw falseBody(unbound);
        const isNext = equalBytes(block.header.parentId, head.finalized.id);
        const verdict = isNext ? await verifyNow(block) : undefined;
        if (verdict?.kind === 'invalid' && verdict.code === 'JUSTIFICATION_UNREADABLE') throw falseBody(verdict.code);
        if (verdict?.kind !== 'valid') {
          throw new LedgerError({ code: 'STATE_ROOT_MISMATCH', height }, 'a finalized block does not execute here');
        }
        const kept = head.tree.get(block.id);
        if (!kept)
          throw new LedgerError({ code: 'STATE_ROOT_MISMATCH', height }, 'the effect of a finalized block is gone');
        const { epochHeights } = parameters;
        const epochProof = isBoundaryHeight(height, epochHeights)
          ? await proveEpoch(overlayReader(store, [kept.writeSet]), epochOfHeight(height + 1, epochHeights))
          : undefined;
        await store.commit({
          block: kept.block,
          writeSet: kept.writeSet,
          finalityProof,
          dutyEvents: kept.duties.map(encodeDutyEvent),
          transactionIds: kept.transactionIds,
          ...(epochProof && { epochProof }),
        });
        head.advanced();
        await options.advanced();
        await epochs.load(epochOfHeight(height + 1, epochHeights), height + 1);
        options.committed(kept);
      }),
  };
}

async function noneHolds(claims: readonly SignatureClaim[]): Promise<boolean> {
  const verdicts = await Promise.all(claims.map((claim) => verifyAll([claim])));
  return !verdicts.some(Boolean);
}

function falseBody(rule: string, cause?: unknown): LedgerError {
  return new LedgerError({ code: 'PEER_DATA_INVALID', rule }, 'the body that came with a block is not its own', {
    cause,
  });
}

/** Whatever a module throws about a body, the body is at fault. */
function codeOf(error: unknown): string {
  return error instanceof CodedError ? String(error.code) : 'UNREADABLE';
}
