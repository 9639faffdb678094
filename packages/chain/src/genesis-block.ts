/** The block at height 0 and the state after it. Spec: docs/spec/genesis.md, section 3. */
import { commitCells } from './block-run.js';
import { type Block, bodyBytesOf } from './body.js';
import { CELL_CODECS } from './cell-codecs.js';
import { cellKey } from './cell-names.js';
import type { SourceCell } from './cells.js';
import { firstHeightOfEpoch } from './epochs.js';
import { ChainError } from './errors.js';
import { noPause } from './execution-input.js';
import { chainIdOf, type Genesis } from './genesis.js';
import { blockIdOf, HEADER_FORMAT, type Header } from './header.js';
import { EMPTY_MERKLE_ROOT } from './merkle.js';
import { fullAuthorityQuota, newSourceQuotas } from './quotas.js';
import type { ChainRules } from './rules.js';
import { emptyState, type WriteSet } from './state-reader.js';
import { type CellCodec, type CellRef, cellRef, WorkingCells } from './working-cells.js';

export interface GenesisBlock {
  readonly block: Block;
  readonly header: Header;
  readonly writeSet: WriteSet;
}

/**
 * Block 0 and its write set, from nothing but the genesis and the module's rules.
 * @throws {ChainError} `GENESIS_INVALID`, also when `rules.id` is not the genesis' module
 */
export async function genesisBlock(genesis: Genesis, rules: ChainRules): Promise<GenesisBlock> {
  const chainId = chainIdOf(genesis);
  if (rules.id !== genesis.moduleId) {
    throw new ChainError({ code: 'GENESIS_INVALID', rule: 'moduleId' }, `expected the module ${genesis.moduleId}`);
  }
  const { policies, parameters } = genesis;
  const sources = genesis.sources.map(({ source, nodeKey, vrfKey, endowment }) => {
    const quotas = newSourceQuotas(0, parameters);
    const cell: SourceCell = {
      endpoint: undefined,
      signingKey: source,
      nodeKey,
      vrfKey,
      endowment,
      admittedHeight: 0,
      studies: 0,
      ...quotas,
    };
    return { source, cell };
  });
  const opened = rules.openGenesis({ chainId, parameters, policies, sources });
  const writes: { ref: CellRef; write(cells: WorkingCells): void }[] = [];
  const put = <T>(name: Uint8Array, codec: CellCodec<T>, value: T): void => {
    const ref = cellRef(name);
    writes.push({ ref, write: (cells) => cells.set(ref, codec, value) });
  };
  put(cellKey.params, CELL_CODECS.params, { policies, parameters });
  put(cellKey.seed, CELL_CODECS.seed, { seed: opened.runningSeed });
  put(cellKey.epoch(0), CELL_CODECS.epoch, { epoch: 0, firstHeight: 1, members: opened.members, seed: opened.seed });
  for (let epoch = 1; epoch <= 1 + rules.seedLag; epoch++) {
    const firstHeight = firstHeightOfEpoch(epoch, parameters.epochHeights);
    const seed = epoch <= rules.seedLag ? opened.nextSeed : undefined;
    put(cellKey.epoch(epoch), CELL_CODECS.epoch, { epoch, firstHeight, members: opened.nextMembers, seed });
  }
  for (const { source, cell } of sources) {
    put(cellKey.source(source), CELL_CODECS.source, cell);
    put(cellKey.key(source), CELL_CODECS.key, { source, role: 'signing', tombstoned: false });
    put(cellKey.key(cell.nodeKey), CELL_CODECS.key, { source, role: 'node', tombstoned: false });
    put(cellKey.key(cell.vrfKey), CELL_CODECS.key, { source, role: 'vrf', tombstoned: false });
  }
  genesis.authorities.forEach((key, index) => {
    put(cellKey.authority(key), CELL_CODECS.authority, { index, quota: fullAuthorityQuota(0, parameters) });
  });
  const cells = new WorkingCells(emptyState);
  await cells.load(writes.map(({ ref }) => ref));
  for (const entry of writes) entry.write(cells);
  const writeSet = await commitCells(emptyState, cells, noPause);
  const body = { transactions: [], justification: new Uint8Array(0) };
  const header: Header = {
    format: HEADER_FORMAT,
    chainId,
    height: 0,
    parentId: new Uint8Array(32),
    timestampMs: genesis.timeMs,
    proposer: new Uint8Array(32),
    transactionRoot: EMPTY_MERKLE_ROOT,
    stateRoot: writeSet.stateRoot,
    dutyRoot: EMPTY_MERKLE_ROOT,
    bodyBytes: bodyBytesOf([], 0),
    sealKind: 0,
    sealBytes: new Uint8Array(0),
  };
  return { block: { header, body, id: blockIdOf(header) }, header, writeSet };
}
