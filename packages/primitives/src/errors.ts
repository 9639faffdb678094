/**
 * Base of every error that Radledger throws on purpose. `code` is API, `message` is prose that says what would be right,
 * `info` holds typed facts a caller can act on. None of them ever holds patient data: all reach logs.
 */
export abstract class CodedError<Info extends { readonly code: string }> extends Error {
  readonly code: Info['code'];
  readonly info: Info;

  constructor(info: Info, message: string, options?: { cause?: unknown }) {
    super(`${info.code}: ${message}`, options);
    this.code = info.code;
    this.info = info;
  }
}

export type PrimitivesErrorInfo =
  | { readonly code: 'INVALID_HEX' }
  | { readonly code: 'INVALID_KEY_FILE' }
  | { readonly code: 'INVALID_KEY' }
  | { readonly code: 'NOT_CANONICAL'; readonly offset: number }
  | { readonly code: 'TOO_LARGE'; readonly bytes: number; readonly bytesMax: number }
  | { readonly code: 'TOO_DEEP'; readonly depthMax: number }
  | { readonly code: 'SCHEMA_MISMATCH'; readonly path: string };

/** Thrown when bytes or text from outside are not what the format demands. */
export class PrimitivesError extends CodedError<PrimitivesErrorInfo> {
  override readonly name = 'PrimitivesError';
}
