import { CodedError } from '@radledger/primitives';

/** What went wrong with a link or a sealed message. Never holds a name, a label, a secret or a code. */
export type HandoverErrorInfo =
  | { readonly code: 'MALFORMED_LINK' }
  | { readonly code: 'MALFORMED_MESSAGE'; readonly message: string }
  | { readonly code: 'URL_REFUSED'; readonly rule: string }
  | { readonly code: 'TEXT_REFUSED'; readonly field: string; readonly rule: string }
  | { readonly code: 'KEY_REFUSED'; readonly field: string }
  | { readonly code: 'NOT_FOR_US'; readonly field: string }
  | { readonly code: 'EXPIRED'; readonly expiresAtMs: number }
  | { readonly code: 'OUT_OF_RANGE'; readonly field: string }
  | { readonly code: 'MAC_INVALID' }
  | { readonly code: 'SIGNATURE_INVALID'; readonly field: string }
  | { readonly code: 'SEAL_BROKEN' }
  | { readonly code: 'STUDY_ID_MISMATCH' };

/** Thrown when a link, claim, request, notice or sealed reply breaks a rule of docs/spec/links.md. */
export class HandoverError extends CodedError<HandoverErrorInfo> {
  override readonly name = 'HandoverError';
}
