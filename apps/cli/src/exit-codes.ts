/** Exit statuses and the next thing to do. Documented in docs/guides/cli.md: part of the interface. */
import { ClientError, type ClientErrorInfo } from '@radledger/client';
import { CodedError } from '@radledger/primitives';
import { CommanderError } from 'commander';

export const EXIT = {
  ok: 0,
  internal: 1,
  usage: 2,
  refused: 3,
  notFound: 4,
  network: 5,
  staleView: 6,
  verificationFailed: 7,
} as const;

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly exitCode: number;
  /** What to do next, when there is something. */
  readonly next?: string;
}

const BY_CODE: Readonly<Record<string, number>> = {
  // this program
  USAGE: EXIT.usage,
  SECRET_REFUSED: EXIT.usage,
  INPUT_MISSING: EXIT.usage,
  FILE_UNREADABLE: EXIT.usage,
  FILE_TOO_OPEN: EXIT.usage,
  FILE_EXISTS: EXIT.refused,
  FILE_MISSING: EXIT.notFound,
  WALLET_FILE_MALFORMED: EXIT.verificationFailed,
  WRONG_PASSPHRASE: EXIT.refused,
  WALLET_BUSY: EXIT.refused,
  NOT_FOUND: EXIT.notFound,
  REFUSED: EXIT.refused,
  STOPPED: EXIT.refused,
  PIN_MISMATCH: EXIT.verificationFailed,
  ADDRESS_REFUSED: EXIT.refused,
  // experiments
  SCENARIO_TOO_LARGE: EXIT.usage,
  SCENARIO_NOT_JSON: EXIT.usage,
  SCENARIO_INVALID: EXIT.usage,
  SCENARIO_UNKNOWN: EXIT.notFound,
  MODULE_UNKNOWN: EXIT.usage,
  // wallet
  WORDS_INVALID: EXIT.usage,
  SNAPSHOT_MALFORMED: EXIT.verificationFailed,
  WALLET_EXISTS: EXIT.refused,
  VIEW_STALE: EXIT.staleView,
  WRONG_CHAIN: EXIT.verificationFailed,
  EXPIRED: EXIT.refused,
  SOURCE_UNKNOWN: EXIT.notFound,
  STUDY_UNKNOWN: EXIT.notFound,
  STUDY_NOT_ACTIVE: EXIT.refused,
  NOT_OWNER: EXIT.refused,
  GRANT_UNKNOWN: EXIT.notFound,
  END_DATE_REFUSED: EXIT.usage,
  ACCEPTANCE_MISMATCH: EXIT.refused,
  NOT_PUBLISHED: EXIT.network,
  GATEWAY_UNKNOWN: EXIT.network,
  // links and sealed messages
  MALFORMED_LINK: EXIT.usage,
  MALFORMED_MESSAGE: EXIT.verificationFailed,
  URL_REFUSED: EXIT.usage,
  TEXT_REFUSED: EXIT.usage,
  KEY_REFUSED: EXIT.verificationFailed,
  NOT_FOR_US: EXIT.verificationFailed,
  OUT_OF_RANGE: EXIT.usage,
  MAC_INVALID: EXIT.verificationFailed,
  SIGNATURE_INVALID: EXIT.verificationFailed,
  SEAL_BROKEN: EXIT.verificationFailed,
  STUDY_ID_MISMATCH: EXIT.verificationFailed,
  // key files and identifiers
  INVALID_HEX: EXIT.usage,
  INVALID_KEY_FILE: EXIT.usage,
  INVALID_KEY: EXIT.usage,
  UID_INVALID: EXIT.usage,
  NAME_INVALID: EXIT.usage,
  BASE_URL_INVALID: EXIT.usage,
  TLS_PINS_INVALID: EXIT.usage,
  KEY_REUSED: EXIT.usage,
  // servers
  UNREACHABLE: EXIT.network,
  TIMEOUT: EXIT.network,
  RESPONSE_TOO_LARGE: EXIT.verificationFailed,
  MALFORMED_RESPONSE: EXIT.verificationFailed,
  PROOF_INVALID: EXIT.verificationFailed,
  TRANSACTION_REFUSED: EXIT.refused,
  TRANSACTION_EXPIRED: EXIT.network,
};

const NEXT: Readonly<Record<string, string>> = {
  FILE_TOO_OPEN: 'chmod 600 the file',
  FILE_MISSING: 'check the path; `radledger wallet new --help` shows how a wallet file is made',
  WRONG_PASSPHRASE:
    'try again; without the passphrase, `radledger wallet restore` makes the wallet anew from the twelve words',
  VIEW_STALE: 'wait until the node hears from the network again, or name another one with --node',
  ADDRESS_REFUSED:
    'for a test net on this machine set RADLEDGER_ALLOW_LOOPBACK=1, for a network of centres RADLEDGER_ALLOW_PRIVATE=1',
  UNREACHABLE: 'check the address and that the server runs',
  NOT_PUBLISHED: 'nothing is lost: run the same command again later, or `radledger study list`',
  GATEWAY_UNKNOWN: "name the gateway's address with --gateway",
  STUDY_UNKNOWN: '`radledger study list` shows the studies of this wallet',
  GRANT_UNKNOWN: '`radledger grant list` shows the grants of this wallet',
  EXPIRED: 'ask for a new link',
  SCENARIO_UNKNOWN:
    '`radledger simulate` lists the shipped scenarios; a file is named with its path, such as ./mine.json',
  MODULE_UNKNOWN: 'bring a module along with --module NAME=FILE',
  WORDS_INVALID: 'compare each word with the recovery sheet',
};

/** The exit status of an error, and what is said about it. Unknown errors are internal and say nothing of their text. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CommanderError) {
    const message = error.message.replace(/^error: /, '');
    return { code: 'USAGE', message, exitCode: EXIT.usage, next: 'add --help to see how the command is used' };
  }
  if (error instanceof ClientError && error.info.code === 'REFUSED') return refusalFailure(error, error.info);
  if (error instanceof ClientError && error.code === 'UNREACHABLE' && error.cause instanceof CodedError) {
    return failureOf(error.cause); // it was not the network: its address or its key was refused
  }
  const code = error instanceof CodedError ? (error as CodedError<{ readonly code: string }>).code : undefined;
  const exitCode = code === undefined ? undefined : BY_CODE[code];
  if (error instanceof CodedError && code !== undefined && exitCode !== undefined) {
    return { code, message: error.message.slice(code.length + 2), exitCode, ...nextOf(code) };
  }
  // The stack and text of an unknown error may quote anything, secrets included: only its kind is told.
  const kind = code ?? (error instanceof Error ? error.name : 'unknown');
  return { code: 'INTERNAL', message: `unexpected error (${kind})`, exitCode: EXIT.internal };
}

function refusalFailure(error: ClientError, info: Extract<ClientErrorInfo, { code: 'REFUSED' }>): Failure {
  const { status, reason, triesLeft } = info;
  const tries = triesLeft === undefined ? '' : `; ${triesLeft} tries left`;
  const message = `${error.message.slice(error.code.length + 2)}${tries}`;
  if (reason === 'VIEW_STALE') return { code: reason, message, exitCode: EXIT.staleView, ...nextOf('VIEW_STALE') };
  if (status === 404 || status === 410) return { code: reason, message, exitCode: EXIT.notFound };
  return { code: reason, message, exitCode: status === 429 || status >= 500 ? EXIT.network : EXIT.refused };
}

function nextOf(code: string): { next?: string } {
  const next = NEXT[code];
  return next === undefined ? {} : { next };
}
