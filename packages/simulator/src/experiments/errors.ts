import { CodedError } from '@radledger/primitives';

export type ExperimentErrorInfo =
  | { readonly code: 'SCENARIO_TOO_LARGE'; readonly bytes: number; readonly bytesMax: number }
  | { readonly code: 'SCENARIO_NOT_JSON' }
  /** `path` is where in the file, such as `faults[2].atMs`; empty for the whole. */
  | { readonly code: 'SCENARIO_INVALID'; readonly path: string }
  | { readonly code: 'SCENARIO_UNKNOWN'; readonly name: string }
  | { readonly code: 'MODULE_UNKNOWN'; readonly module: string };

/** Thrown when a scenario cannot be run. Says what would be right. */
export class ExperimentError extends CodedError<ExperimentErrorInfo> {
  override readonly name = 'ExperimentError';
}
