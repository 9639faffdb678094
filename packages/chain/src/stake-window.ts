/** Which studies count towards stake: those of the newest `stakeWindowEpochs`. Spec: docs/spec/leader-election.md, section 1. */
import { CELL_CODECS } from './cell-codecs.js';
import { cellKey, cellPrefix, sourceOfCellName } from './cell-names.js';
import type { Parameters, Policies } from './parameters.js';
import type { SourceEntry } from './rules.js';
import { cellRef, type WorkingCells } from './working-cells.js';

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
  await cells.load(found.map(([name]) => cellRef(name)));
  return sources.map(({ source, cell }, index) => {
    const ref = refs[index] as (typeof refs)[number];
    const count = cells.get(ref, CELL_CODECS.stake)?.count ?? 0;
    if (count === 0) return { source, cell };
    cells.set(ref, CELL_CODECS.stake, undefined);
    if (context.policies.stake === 'raw') return { source, cell };
    const folded = { ...cell, studies: cell.studies - count };
    cells.set(cellRef(cellKey.source(source)), CELL_CODECS.source, folded);
    return { source, cell: folded };
  });
}
