import { CodedError } from '@radledger/primitives';

/** What is wrong with a command, a file or an answer of a person. Never quotes what was typed: it may be a secret. */
export type CliErrorInfo =
  | { readonly code: 'USAGE'; readonly argument: string }
  | { readonly code: 'SECRET_REFUSED' }
  | { readonly code: 'INPUT_MISSING'; readonly option: string }
  | { readonly code: 'FILE_MISSING'; readonly file: string }
  | { readonly code: 'FILE_UNREADABLE'; readonly file: string }
  | { readonly code: 'FILE_TOO_OPEN'; readonly file: string }
  | { readonly code: 'FILE_EXISTS'; readonly file: string }
  | { readonly code: 'WALLET_FILE_MALFORMED'; readonly file: string }
  | { readonly code: 'WRONG_PASSPHRASE' }
  | { readonly code: 'WALLET_BUSY'; readonly file: string }
  | { readonly code: 'NOT_FOUND'; readonly what: string }
  | { readonly code: 'REFUSED'; readonly what: string }
  | { readonly code: 'PIN_MISMATCH' }
  | { readonly code: 'STOPPED' };

/** Thrown by the command line; `exitCodeOf` gives each code its exit status. */
export class CliError extends CodedError<CliErrorInfo> {
  override readonly name = 'CliError';
}

/** A wrong argument or option. */
export function usageError(argument: string, message: string): CliError {
  return new CliError({ code: 'USAGE', argument }, message);
}
