import { decodeCanonical, toHex } from '@radledger/primitives';
import { Violation } from '../violation.js';
import type { Watcher } from '../watcher.js';

const STATEMENT_BYTES_MAX = 4_096;

/** I6: no honest node signs two blocks of one slot, whatever crashes. */
export function createOneBlockASlot(): Watcher {
  const signed = new Map<string, string>();
  return {
    signed(node, bytes) {
      const statement = decodeCanonical(bytes, { bytesMax: STATEMENT_BYTES_MAX });
      const slot = Array.isArray(statement) ? (statement as readonly unknown[])[3] : undefined;
      const key = `${node}/${String(slot)}`;
      const before = signed.get(key);
      if (before !== undefined && before !== toHex(bytes)) {
        throw new Violation('I6', `node ${node} signs two blocks of slot ${String(slot)}`);
      }
      signed.set(key, toHex(bytes));
    },
  };
}
