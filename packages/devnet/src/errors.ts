import { CodedError } from '@radledger/primitives';

export type DevnetErrorInfo =
  | { readonly code: 'NOT_BUILT'; readonly script: string }
  | { readonly code: 'ALREADY_RUNNING'; readonly pid: number }
  | { readonly code: 'PROCESS_FAILED'; readonly process: string; readonly exitCode: number | null }
  | { readonly code: 'NOT_READY'; readonly process: string; readonly timeoutMs: number }
  | { readonly code: 'CONSENSUS_UNKNOWN'; readonly name: string }
  | { readonly code: 'STORY_BROKEN'; readonly step: string };

/** Thrown when the local net cannot start or its story does not end as it should. */
export class DevnetError extends CodedError<DevnetErrorInfo> {
  override readonly name = 'DevnetError';
}
