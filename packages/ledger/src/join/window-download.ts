/**
 * Fetches the newest bodies below a boundary: a node must hold what a transaction may not be repeated from before it judges blocks.
 * They are bound to the boundary's id by their parent links, the newest first. Spec: docs/spec/node-sync.md, section 4.
 */
import {
  blockIdOf,
  type Block,
  bodyBytesOf,
  cellKey,
  decodeBody,
  decodeEpochCell,
  decodeHeader,
  epochOfHeight,
  merkleRoot,
  type Parameters,
} from '@radledger/chain';
import {
  type ConsensusModule,
  encodeDutyEvent,
  type EpochContext,
  epochContextOf,
  recoveriesBefore,
  type SignedRecovery,
} from '@radledger/consensus';
import { CodedError, equalBytes, verifyAll } from '@radledger/primitives';
import type { ImportedBlock, StateImport } from '@radledger/storage';
import { decodeTransaction } from '@radledger/transactions';
import { LedgerError } from '../errors.js';
import { decodeBlocks, encodeBlocksRequest, type SyncedBlock } from '../sync-messages.js';
import { TOPICS } from '../topics.js';
import type { Asking } from './asking.js';

/** Blocks asked for at once; fewer when they do not fit into one answer. */
const BLOCKS_AT_ONCE = 32;

/** @returns false when no peer is left to ask */
export async function downloadWindow(options: {
  readonly boundary: { readonly height: number; readonly id: Uint8Array };
  readonly lowestHeight: number;
  readonly chainId: Uint8Array;
  readonly parameters: Parameters;
  readonly module: ConsensusModule;
  readonly recoveries: readonly SignedRecovery[];
  readonly importing: StateImport;
  readonly asking: Asking;
  readonly answerBytesMax: number;
}): Promise<boolean> {
  const { chainId, parameters, module, importing, asking, answerBytesMax, lowestHeight, recoveries } = options;
  /** By epoch and number of recoveries that count. */
  const epochs = new Map<string, EpochContext>();
  let next = options.boundary;
  let count = BLOCKS_AT_ONCE;

  /** An epoch as a block at `height` sees it: voters may be replaced within one. */
  const keyOf = (number: number, height: number): string => `${number}/${countingFor(number, height).length}`;
  const countingFor = (number: number, height: number): readonly SignedRecovery[] =>
    recoveriesBefore(recoveries, Math.min(height, (number + 1) * parameters.epochHeights));

  async function epochAt(number: number, height: number): Promise<EpochContext | undefined> {
    const known = epochs.get(keyOf(number, height));
    if (known || number < 0) return known;
    const [cell] = await importing.getMany([cellKey.epoch(number)]);
    const epoch = cell && decodeEpochCell(cell);
    if (!epoch?.seed) return undefined;
    const { committeeMax, epochHeights } = parameters;
    const counting = { recoveries: countingFor(number, height), epochHeights };
    const context = epochContextOf(epoch, { chainId, committeeMax }, counting);
    epochs.set(keyOf(number, height), context);
    return context;
  }

  /** Everything about a block that its header alone commits to; `id` is known to be final. */
  async function judge(
    { header: headerBytes, body: bodyBytes, proof }: SyncedBlock,
    id: Uint8Array,
  ): Promise<ImportedBlock> {
    const block = readBlock(headerBytes, bodyBytes, parameters);
    const { header, body } = block;
    if (!equalBytes(block.id, id)) throw falseData('WRONG_BLOCK');
    const isBody =
      header.bodyBytes === bodyBytesOf(body.transactions, body.justification.length) &&
      equalBytes(header.transactionRoot, merkleRoot(body.transactions));
    if (!isBody) throw falseData('WRONG_BODY');
    const { height } = header;
    const number = epochOfHeight(height, parameters.epochHeights);
    const [epoch, nextEpoch] = [await epochAt(number, height), await epochAt(number + 1, height)];
    await epochAt(number - 1, height);
    if (!epoch) throw new LedgerError({ code: 'STORE_FAILED' }, `the state has no epoch ${number}`);
    return read(async () => {
      module.checkBody(block);
      const context = { epoch, nextEpoch, trusted: header, chainId, parameters };
      if (!(await verifyAll(module.finalityClaims({ header, proof, ...context })))) throw falseData('BAD_SIGNATURE');
      const { transactionBytesMax: bytesMax } = parameters;
      const transactionIds = body.transactions.map((bytes) => decodeTransaction(bytes, chainId, { bytesMax }).txId);
      const duties = module.dutiesOf(block, { chainId, parameters, epoch: (at) => epochs.get(keyOf(at, height)) });
      return { block, finalityProof: proof, dutyEvents: duties.map(encodeDutyEvent), transactionIds };
    });
  }

  /** The newest `count` blocks that are missing, or as many as fit. */
  async function judgeAll(answer: Uint8Array, from: number): Promise<readonly ImportedBlock[]> {
    const blocks = decodeBlocks(answer, answerBytesMax);
    if (from + blocks.length - 1 < next.height) return [];
    const judged: ImportedBlock[] = [];
    let id = next.id;
    for (const block of [...blocks].reverse()) {
      const imported = await judge(block, id);
      id = imported.block.header.parentId;
      judged.push(imported);
    }
    return judged;
  }

  while (next.height >= lowestHeight) {
    const [peer, ...others] = asking.peers();
    if (peer === undefined) return false;
    const from = Math.max(lowestHeight, next.height - count + 1);
    const limit = next.height - from + 1;
    let judged: readonly ImportedBlock[] | undefined;
    for (const candidate of [peer, ...others]) {
      judged = await asking.ask(candidate, TOPICS.blocks, encodeBlocksRequest({ from, limit }), (answer) =>
        judgeAll(answer, from),
      );
      if (judged !== undefined && judged.length > 0) break;
    }
    const oldest = judged?.at(-1);
    if (!judged || !oldest) {
      if (count === 1) return false;
      count = Math.max(1, count >> 1);
      continue;
    }
    await importing.writeBlocks(judged, importing.progress ?? new Uint8Array(0));
    next = { height: oldest.block.header.height - 1, id: oldest.block.header.parentId };
  }
  return true;
}

function readBlock(headerBytes: Uint8Array, bodyBytes: Uint8Array, parameters: Parameters): Block {
  const header = decodeHeader(headerBytes);
  return { header, body: decodeBody(bodyBytes, { bytesMax: parameters.blockBytesMax }), id: blockIdOf(headerBytes) };
}

/** Whatever the module or a codec finds wrong, the sender is at fault: the header is final. */
async function read<T>(judge: () => Promise<T>): Promise<T> {
  try {
    return await judge();
  } catch (error) {
    if (error instanceof LedgerError || !(error instanceof CodedError)) throw error;
    throw falseData(String(error.code), error);
  }
}

function falseData(rule: string, cause?: unknown): LedgerError {
  return new LedgerError({ code: 'PEER_DATA_INVALID', rule }, 'a peer sent a block that is not the finalized one', {
    cause,
  });
}
