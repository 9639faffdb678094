/** Bytes that a peer sent as an answer or a question: whatever they are not is the peer's fault. */
import { PrimitivesError } from '@radledger/primitives';
import { LedgerError } from './errors.js';

/** @throws {LedgerError} `PEER_DATA_INVALID` naming the rule, where `read` meets bytes that are not what they should be */
export function reading<T>(rule: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof PrimitivesError)) throw cause;
    throw new LedgerError({ code: 'PEER_DATA_INVALID', rule }, 'a peer sent bytes that are not what it was asked for', {
      cause,
    });
  }
}
