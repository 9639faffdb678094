/** From an error to what is said about it: one name a cause, each with a help code (docs/guides/help-desk.md). */
import { ClientError } from '@radledger/client';
import { CodedError } from '@radledger/primitives';

/** What a person can do next. */
export type WayOn = 'try-again' | 'home' | 'lost-phone' | 'on-the-screen';

/** Every cause the app tells apart. Codes look random, so that nobody reads health or blame into them. */
export const TROUBLES = {
  offline: { helpCode: 'M4K7', wayOn: 'try-again' },
  noAnswer: { helpCode: 'T9QD', wayOn: 'try-again' },
  tooMany: { helpCode: 'B6HX', wayOn: 'try-again' },
  linkUnreadable: { helpCode: 'R3VN', wayOn: 'home' },
  linkElsewhere: { helpCode: 'C8WF', wayOn: 'home' },
  linkExpired: { helpCode: 'J5TP', wayOn: 'home' },
  linkClosed: { helpCode: 'X2GL', wayOn: 'home' },
  linkTaken: { helpCode: 'D7ZR', wayOn: 'home' },
  codeWrong: { helpCode: 'A7XM', wayOn: 'on-the-screen' },
  notConfirmed: { helpCode: 'H4NC', wayOn: 'try-again' },
  inUse: { helpCode: 'K6SV', wayOn: 'try-again' },
  storageFull: { helpCode: 'F6YB', wayOn: 'try-again' },
  storageDamaged: { helpCode: 'Y3MP', wayOn: 'lost-phone' },
  clockWrong: { helpCode: 'P8KM', wayOn: 'try-again' },
  viewOld: { helpCode: 'W3DJ', wayOn: 'try-again' },
  appOld: { helpCode: 'T4RK', wayOn: 'try-again' },
  notSealedYet: { helpCode: 'L9XT', wayOn: 'home' },
  imagesGone: { helpCode: 'Q5RH', wayOn: 'home' },
  notHere: { helpCode: 'E6RW', wayOn: 'home' },
  wordsOfAnother: { helpCode: 'V3QH', wayOn: 'on-the-screen' },
  otherLock: { helpCode: 'D2XM', wayOn: 'lost-phone' },
  notYet: { helpCode: 'A9WN', wayOn: 'try-again' },
  wordsWrong: { helpCode: 'V7CG', wayOn: 'try-again' },
  cardsWrong: { helpCode: 'S5LD', wayOn: 'try-again' },
  notKnown: { helpCode: 'A5XN', wayOn: 'try-again' },
  otherPhone: { helpCode: 'U8KE', wayOn: 'try-again' },
  endDate: { helpCode: 'N2BW', wayOn: 'try-again' },
  answerWrong: { helpCode: 'G8JF', wayOn: 'try-again' },
  imagesWrong: { helpCode: 'S4BV', wayOn: 'home' },
  unknown: { helpCode: 'Z4TQ', wayOn: 'try-again' },
} as const satisfies Record<string, { readonly helpCode: string; readonly wayOn: WayOn }>;

export type Trouble = keyof typeof TROUBLES;

/** What went wrong last, and when; Unix ms. */
export interface PastTrouble {
  readonly trouble: Trouble;
  readonly atMs: number;
}

/** Codes of the packages that are called; those that need more than the code are judged below. */
const OF_CODE: Readonly<Record<string, Trouble>> = {
  MALFORMED_LINK: 'linkUnreadable',
  MALFORMED_MESSAGE: 'linkUnreadable',
  URL_REFUSED: 'linkUnreadable',
  TEXT_REFUSED: 'linkUnreadable',
  KEY_REFUSED: 'linkUnreadable',
  SIGNATURE_INVALID: 'linkUnreadable',
  NOT_FOR_US: 'linkElsewhere',
  WRONG_CHAIN: 'linkElsewhere',
  SOURCE_UNKNOWN: 'linkElsewhere',
  EXPIRED: 'linkExpired',
  INVITATION_EXPIRED: 'linkExpired',
  INVITATION_UNKNOWN: 'linkClosed',
  INVITATION_CLAIMED: 'linkTaken',
  WRONG_CODE: 'codeWrong',
  TOO_MANY_REQUESTS: 'tooMany',
  PIN_WAIT: 'tooMany',
  PASSKEY_REFUSED: 'notConfirmed',
  PASSKEY_WITHOUT_COPY: 'notKnown',
  VAULT_IN_USE: 'inUse',
  STORAGE_FULL: 'storageFull',
  STORAGE_FAILED: 'storageFull',
  VAULT_DAMAGED: 'storageDamaged',
  SNAPSHOT_MALFORMED: 'storageDamaged',
  REQUEST_EXPIRED: 'clockWrong',
  CLOCK_BEHIND: 'clockWrong',
  VIEW_STALE: 'viewOld',
  VIEW_TOO_OLD: 'viewOld',
  CHECKPOINT_TOO_OLD: 'appOld',
  NOT_PUBLISHED: 'notSealedYet',
  STUDY_NOT_ACTIVE: 'imagesGone',
  STUDY_UNKNOWN: 'imagesGone',
  NOT_OWNER: 'imagesGone',
  ACCEPTANCE_MISMATCH: 'notHere',
  WORDS_INVALID: 'wordsWrong',
  WORDS_OF_ANOTHER: 'wordsOfAnother',
  WRAPPER_MISSING: 'otherLock',
  PASSKEY_WITHOUT_PRF: 'otherLock',
  NOT_YET: 'notYet',
  CARD_INVALID: 'cardsWrong',
  TRANSFER_INVALID: 'otherPhone',
  END_DATE_REFUSED: 'endDate',
  GATEWAY_UNKNOWN: 'noAnswer',
  ANSWER_INVALID: 'answerWrong',
  PROOF_INVALID: 'answerWrong',
  NO_NODES: 'answerWrong', // each of them showed something false
  CONFLICTING_FINALITY: 'answerWrong',
  MALFORMED_RESPONSE: 'answerWrong',
  RESPONSE_TOO_LARGE: 'answerWrong',
  SEAL_BROKEN: 'answerWrong',
  CONTENT_MISMATCH: 'imagesWrong',
  INVALID_ZIP: 'imagesWrong',
  ZIP_TOO_LARGE: 'imagesWrong',
  INSTANCE_TOO_LARGE: 'imagesWrong',
  NOT_FOUND: 'imagesGone',
  UNAUTHORIZED: 'clockWrong',
  STUDY_ID_MISMATCH: 'answerWrong',
};

/** @param isOnline - what the device believes: it tells "no internet" from "no answer" */
export function troubleOf(error: unknown, isOnline: boolean): Trouble {
  if (error instanceof DOMException && error.name === 'QuotaExceededError') return 'storageFull';
  if (error instanceof ClientError) {
    const { info } = error;
    if (info.code === 'UNREACHABLE' || info.code === 'TIMEOUT') return isOnline ? 'noAnswer' : 'offline';
    if (info.code === 'REFUSED') return OF_CODE[info.reason] ?? (info.status >= 500 ? 'noAnswer' : 'unknown');
  }
  if (error instanceof CodedError) return OF_CODE[error.code as string] ?? 'unknown';
  return isOnline ? 'unknown' : 'offline';
}
