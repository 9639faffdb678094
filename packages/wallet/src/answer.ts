/** What a source answers is believed when it holds, and told apart from a link that does not. */
import { HandoverError } from '@radledger/handover';
import { WalletError } from './errors.js';

/**
 * What a source's answer says, once it is opened and holds. One that does not is no fault of the link that led there, which the same codes
 * of `HandoverError` would mean.
 * @throws {WalletError} `ANSWER_INVALID`
 */
export async function believed<T>(opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (cause) {
    if (!(cause instanceof HandoverError)) throw cause;
    throw new WalletError({ code: 'ANSWER_INVALID', reason: cause.code }, 'the answer of the source does not hold', {
      cause,
    });
  }
}
