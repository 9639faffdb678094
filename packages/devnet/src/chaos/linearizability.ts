/**
 * Whether what clients saw of one grant can be explained by some order of their operations that respects real time: the search
 * of Wing and Gong (Testing and Verifying Concurrent Objects, 1993) with the memory of Lowe (Testing for Linearizability, 2017).
 */

/** What the cell of a grant says. `sequence` 0: no record yet. */
export interface GrantState {
  readonly sequence: number;
  readonly revoked: boolean;
}

export const NO_GRANT: GrantState = { sequence: 0, revoked: false };

/** Times in ms of one clock. */
export type Operation =
  | {
      readonly kind: 'write';
      readonly state: GrantState;
      readonly invokedMs: number;
      /** When it was known to be final; Infinity when nobody knows: then it may have happened, later too, or never. */
      readonly returnedMs: number;
    }
  | { readonly kind: 'read'; readonly state: GrantState; readonly invokedMs: number; readonly returnedMs: number };

/** A record applies only above the sequence of the cell (design, section 5). */
function applies(operation: Operation, state: GrantState): boolean {
  return operation.kind === 'write'
    ? operation.state.sequence > state.sequence
    : operation.state.sequence === state.sequence && operation.state.revoked === state.revoked;
}

/** True when the operations on one grant, which begins absent, are linearizable. */
export function isLinearizable(operations: readonly Operation[]): boolean {
  const ordered = [...operations].sort((a, b) => a.invokedMs - b.invokedMs);
  const required = ordered.filter(({ returnedMs }) => returnedMs !== Infinity).length;
  const seen = new Set<string>();
  const taken = new Set<number>();

  function search(state: GrantState, requiredLeft: number): boolean {
    if (requiredLeft === 0) return true;
    const key = `${state.sequence}/${state.revoked}/${[...taken].sort((a, b) => a - b).join(',')}`;
    if (seen.has(key)) return false;
    seen.add(key);
    // Whatever is next began before everything that is left had ended.
    let firstReturnMs = Infinity;
    for (const [index, { returnedMs }] of ordered.entries()) {
      if (!taken.has(index)) firstReturnMs = Math.min(firstReturnMs, returnedMs);
    }
    for (const [index, operation] of ordered.entries()) {
      if (operation.invokedMs > firstReturnMs) break;
      if (taken.has(index) || !applies(operation, state)) continue;
      taken.add(index);
      const after = operation.kind === 'write' ? operation.state : state;
      if (search(after, requiredLeft - (operation.returnedMs === Infinity ? 0 : 1))) return true;
      taken.delete(index);
    }
    return false;
  }
  return search(NO_GRANT, required);
}
