/** I13: one sequence of transactions leaves one state, by whichever way one comes to it. Call when a run has ended. */
import {
  buildBlock,
  genesisBlock,
  type Header,
  isBoundaryHeight,
  type PartPlace,
  readTreePart,
  verifyTreePart,
} from '@radledger/chain';
import { equalWeightRules } from '@radledger/chain/testing';
import type { FinalizedByProof } from '@radledger/consensus';
import { LedgerError } from '@radledger/ledger';
import { CodedError, equalBytes, hash, toHex, utf8 } from '@radledger/primitives';
import type { LedgerStore } from '@radledger/storage';
import { decodeTransaction, type SignedTransaction } from '@radledger/transactions';
import { Violation } from '../violation.js';
import { type Closed, checkAccounts } from './accounts.js';
import { LedgerChain, SMALL_MEMPOOL } from './ledger-chain.js';
import { type LedgerWorld, openMemoryStore } from './ledger-world.js';

export async function checkOneState(world: LedgerWorld, chain: readonly FinalizedByProof[]): Promise<void> {
  const { epochHeights } = world.genesis.parameters;
  const boundary = Math.floor((chain.length - 1) / epochHeights) * epochHeights;
  const replayed = await openMemoryStore(world.genesis.chainId);
  const fresh = await openedOn(world, replayed);
  const joined = await openMemoryStore(world.genesis.chainId);
  let closed: Closed | undefined;
  for (const entry of chain) {
    const { height } = entry.block.header;
    await followed(fresh, [entry], 'replay');
    if (isBoundaryHeight(height, epochHeights)) {
      const epoch = height / epochHeights - 1;
      closed = await checkAccounts(replayed, world.genesis.parameters, { epoch, before: closed });
    }
    if (height === boundary) await joinAt(replayed, joined);
  }
  demandTip(replayed, chain, 'replay');
  if (boundary > 0) {
    const joiner = await openedOn(world, joined, chain.slice(0, boundary));
    await followed(joiner, chain.slice(boundary), 'snapshot');
    demandTip(joined, chain, 'snapshot');
  }
  await demandSameCells(world, chain, replayed);
}

async function openedOn(
  { ledgerGenesis: genesis, module }: LedgerWorld,
  store: LedgerStore,
  held: readonly FinalizedByProof[] = [],
): Promise<LedgerChain> {
  const chain = new LedgerChain({ genesis, module, store, mempoolLimits: SMALL_MEMPOOL, now: () => 0 });
  chain.finalized.push(...held);
  await chain.open();
  return chain;
}

async function followed(node: LedgerChain, blocks: readonly FinalizedByProof[], way: string): Promise<void> {
  try {
    await node.finalize(blocks);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    throw new Violation('I13', `by ${way} a final block is refused above height ${node.height}: ${error.message}`);
  }
}

function demandTip({ tip }: LedgerStore, chain: readonly FinalizedByProof[], way: string): void {
  const last = chain.at(-1)?.block;
  if (last === undefined || (tip !== undefined && equalBytes(tip.id, last.id))) return;
  throw new Violation('I13', `by ${way} the chain ends at height ${tip?.height}, not ${last.header.height}`);
}

const PART = { cellsMax: 8, bytesMax: 4096 } as const;

/** The state part by part, each proven under the header; one altered leaf is noticed. Then the blocks of the replay window. */
async function joinAt(from: LedgerStore, into: LedgerStore): Promise<void> {
  const { tip } = from;
  if (tip === undefined) return;
  const importing = await into.importState();
  const open: PartPlace[] = [{ prefix: '', hash: tip.header.stateRoot }];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const part = await readTreePart(from, place.prefix, PART);
    if (part === undefined) throw new Violation('I13', `the tree has nothing at ${place.prefix}`);
    if (part.kind === 'cells') {
      const [first, ...others] = part.cells;
      const altered = first && { ...first, value: hash('sim/altered', first.value) };
      if (altered && isProven(place, { kind: 'cells', cells: [altered, ...others] })) {
        throw new Violation('I13', 'an altered leaf of a snapshot is proven');
      }
    }
    const { cells, places } = verifyTreePart(place, part);
    open.push(...places);
    await importing.write(cells, utf8(place.prefix));
  }
  for (let height = 0; height <= tip.height; height++) {
    const [block, transactionIds, proof] = await Promise.all([
      from.block(height),
      from.transactionIds(height),
      from.finalityProof(height),
    ]);
    if (block === undefined) throw new Violation('I13', `a replay has no block ${height}`);
    const entry = { block, finalityProof: proof ?? new Uint8Array(), dutyEvents: [] };
    await importing.writeBlocks([{ ...entry, transactionIds: transactionIds ?? [] }], utf8('blocks'));
  }
  await importing.finish({ tip, lowestHeight: 0, boundaries: [] });
}

function isProven(...given: Parameters<typeof verifyTreePart>): boolean {
  try {
    verifyTreePart(...given);
    return true;
  } catch (error) {
    if (error instanceof CodedError) return false;
    throw error;
  }
}

const KEPT_BY_ALL = ['source/', 'study/', 'grant/', 'owner/', 'key/', 'stake/'] as const;

/**
 * The swap: the same transactions at the same heights under rules of another module, which draw no leaders and keep no accounts, leave
 * the same cells of sources, studies, grants, owners, keys and stake, byte for byte.
 */
async function demandSameCells(
  { ledgerGenesis, module, genesis: { chainId } }: LedgerWorld,
  chain: readonly FinalizedByProof[],
  store: LedgerStore,
): Promise<void> {
  const rules = { ...equalWeightRules, id: module.id };
  const other = await openMemoryStore(chainId);
  const nothing = { finalityProof: new Uint8Array(), dutyEvents: [], transactionIds: [] };
  const { block: first, writeSet } = await genesisBlock(ledgerGenesis, rules);
  await other.commit({ block: first, writeSet, ...nothing });
  let parent: Header = first.header;
  for (const { block } of chain) {
    const candidates = block.body.transactions.map((bytes): SignedTransaction => decodeTransaction(bytes, chainId));
    const { timestampMs, proposer } = block.header;
    const built = await buildBlock({
      chainId,
      parent,
      state: other,
      rules,
      recent: { isRecentTransaction: () => false, blockIdAt: () => undefined },
      candidates,
      timestampMs,
      proposer,
      seal: { kind: 1, bytes: new Uint8Array() },
      justification: new Uint8Array(),
    });
    const [left] = built.left;
    if (left) throw new Violation('I13', `under other rules a transaction is refused: ${left.code}`);
    const transactionIds = built.selected.map(({ txId }) => txId);
    await other.commit({ block: built.block, writeSet: built.writeSet, ...nothing, transactionIds });
    parent = built.block.header;
  }
  for (const prefix of KEPT_BY_ALL) {
    const [one, two] = await Promise.all([store.scan(utf8(prefix)), other.scan(utf8(prefix))]);
    if (listed(one) !== listed(two)) throw new Violation('I13', `cells ${prefix} depend on the consensus module`);
  }
}

function listed(cells: readonly (readonly [Uint8Array, Uint8Array])[]): string {
  return cells.map(([name, value]) => `${toHex(name)} ${toHex(value)}`).join('\n');
}
