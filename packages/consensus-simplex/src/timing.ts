/** Timers of a view (R3) and the timeliness of a proposal. Spec: docs/spec/simplex.md, sections 9 and 10. */
import type { Parameters } from '@radledger/chain';

const TIMEOUT_MS_MAX = 30_000;

export interface Timeouts {
  /** t_l: how long after the base a proposal may take. */
  readonly leaderMs: number;
  /** t_a: how long after the base a certificate may take. */
  readonly advanceMs: number;
}

/** 2Δ and 3Δ, half as long again for each view given up in a row, at most 30 s. Integers only: equal everywhere. */
export function timeoutsOf(parameters: Parameters, nullifiedInARow: number): Timeouts {
  return {
    leaderMs: grown(2 * parameters.assumedDelayMs, nullifiedInARow),
    advanceMs: grown(3 * parameters.assumedDelayMs, nullifiedInARow),
  };
}

function grown(ms: number, times: number): number {
  let value = ms;
  for (let i = 0; i < times && value < TIMEOUT_MS_MAX; i++) value = Math.floor((value * 3) / 2);
  return Math.max(ms, Math.min(value, TIMEOUT_MS_MAX));
}

/** Whether a voter that received a proposal at `receivedAtMs` by its own clock accepts its timestamp. */
export function isTimely(
  timestampMs: number,
  input: { readonly receivedAtMs: number; readonly nullifiedInARow: number; readonly parameters: Parameters },
): boolean {
  const { receivedAtMs, nullifiedInARow, parameters } = input;
  const { clockPrecisionMs } = parameters;
  const delayMs = timeoutsOf(parameters, nullifiedInARow).advanceMs;
  return timestampMs <= receivedAtMs + clockPrecisionMs && timestampMs >= receivedAtMs - clockPrecisionMs - delayMs;
}

/** Earliest timestamp of a block: after its parent's, by Tmin at least. */
export function earliestTimestampMs(parentTimestampMs: number, parameters: Parameters): number {
  return parentTimestampMs + Math.max(1, parameters.minimumIntervalMs);
}
