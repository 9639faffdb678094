import { ClientError } from '@radledger/client';
import { HandoverError } from '@radledger/handover';
import { WalletError } from '@radledger/wallet';
import { expect, test } from 'vitest';
import { troubleOf } from '../src/model/trouble.js';

const refused = (reason: string, status = 404): ClientError =>
  new ClientError({ code: 'REFUSED', status, reason }, 'refused');

test.each([
  ['offline', new ClientError({ code: 'UNREACHABLE' }, ''), false],
  ['noAnswer', new ClientError({ code: 'UNREACHABLE' }, ''), true],
  ['noAnswer', refused('HTTP_502', 502), true],
  ['linkClosed', refused('INVITATION_UNKNOWN'), true],
  ['linkExpired', refused('INVITATION_EXPIRED', 410), true],
  ['linkTaken', refused('INVITATION_CLAIMED', 409), true],
  ['clockWrong', refused('REQUEST_EXPIRED', 401), true],
  ['linkUnreadable', new HandoverError({ code: 'MALFORMED_LINK' }, ''), true],
  ['codeWrong', refused('WRONG_CODE', 403), true],
  ['answerWrong', new ClientError({ code: 'PROOF_INVALID' }, ''), true],
  ['answerWrong', new ClientError({ code: 'NO_NODES' }, ''), true],
  ['answerWrong', new WalletError({ code: 'ANSWER_INVALID', reason: 'NOT_FOR_US' }, ''), true],
  ['linkElsewhere', new HandoverError({ code: 'NOT_FOR_US', field: 'chainId' }, ''), true],
  ['notYet', refused('NOT_YET', 409), true],
  ['wordsOfAnother', new WalletError({ code: 'WORDS_OF_ANOTHER' }, ''), true],
  ['otherLock', new WalletError({ code: 'WRAPPER_MISSING', kind: 'pin' }, ''), true],
  ['viewOld', new WalletError({ code: 'VIEW_STALE', viewAgeMs: 61_000 }, ''), true],
  ['wordsWrong', new WalletError({ code: 'WORDS_INVALID', rule: 'checksum' }, ''), true],
  ['cardsWrong', new WalletError({ code: 'CARD_INVALID', rule: 'same-card' }, ''), true],
  ['otherPhone', new WalletError({ code: 'TRANSFER_INVALID', rule: 'offer' }, ''), true],
  ['storageFull', new DOMException('', 'QuotaExceededError'), true],
  ['unknown', new TypeError('x'), true],
] as const)('%s', (trouble, error, isOnline) => {
  expect(troubleOf(error, isOnline)).toBe(trouble);
});
