import { CodedError } from '@radledger/primitives';

/** What is wrong with a multipart body. */
export type MultipartProblem =
  | { readonly code: 'MALFORMED'; readonly rule: string }
  | { readonly code: 'TOO_LARGE'; readonly limit: string; readonly max: number };

/** Thrown when a multipart body breaks a rule of RFC 2046, or a limit. */
export class MultipartError extends CodedError<MultipartProblem> {
  override readonly name = 'MultipartError';
}
