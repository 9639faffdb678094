import { decodeHeader, type Header } from '@radledger/chain';
import { ConsensusError } from './errors.js';

/** A header inside a finality proof. @throws {ConsensusError} `MALFORMED_PROOF` */
export function decodeProvenHeader(encoded: Uint8Array): Header {
  try {
    return decodeHeader(encoded);
  } catch (cause) {
    throw new ConsensusError({ code: 'MALFORMED_PROOF' }, 'expected encoded headers', { cause });
  }
}
