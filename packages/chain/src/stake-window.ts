/** Which studies count towards stake: those of the newest `stakeWindowEpochs`. Spec: docs/spec/leader-election.md, section 1. */
import { CELL_CODECS } from './cell-codecs.js';
import { cellKey, cellPrefix, sourceOfCellName } from './cell-names.js';
import type { Parameters, Policies } from './parameters.js';
import type { SourceEntry } from './rules.js';
import { type CellRef, cellRef, type WorkingCells } from './working-cells.js';

/**
 * In the block that closes `epoch`: the stake cells of the one epoch that now leaves the window go, and under every policy but
 * `raw` the studies in them no longer count. Reads one cell a source, whatever the age of the chain.
 * @returns all sources after that, in the order of their ids
 */
export async function foldStake(
  cells: WorkingCells,
  context: { readonly parameters: Parameters; readonly policies: Policies },
  epoch: number,
): Promise<readonly SourceEntry[]> {
  const found = await cells.scan(cellPrefix.sources, CELL_CODECS.source);
  const sources = found.map(([name, cell]) => ({ source: sourceOfCellName(name) as Uint8Array, cell }));
  const leaving = epoch - context.parameters.stakeWindowEpochs;
  if (leaving < 0) return sources;
  const refs = sources.map(({ source }) => cellRef(cellKey.stake(source, leaving)));
  await cells.load(refs);
  const counts = refs.map((ref) => cells.get(ref, CELL_CODECS.stake)?.count ?? 0);
  const names = sources.map(({ source }) => cellRef(cellKey.source(source)));
  await cells.load(names.filter((_name, index) => (counts[index] as number) > 0));
  return sources.map(({ source, cell }, index) => {
    const count = counts[index] as number;
    if (count === 0) return { source, cell };
    cells.set(refs[index] as CellRef, CELL_CODECS.stake, undefined);
    if (context.policies.stake === 'raw') return { source, cell };
    const folded = { ...cell, studies: cell.studies - count };
    cells.set(names[index] as CellRef, CELL_CODECS.source, folded);
    return { source, cell: folded };
  });
}
