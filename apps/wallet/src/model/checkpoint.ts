/** Where this phone goes on with a ledger: the newest end of an epoch that it verified itself. Spec: docs/spec/light-client.md, section 1. */
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from '@radledger/chain';
import { toHex } from '@radledger/primitives';

export interface KeptCheckpoint {
  /** The later one of the kept and the given. */
  newer(given: Checkpoint): Checkpoint;
  keep(verified: Checkpoint): void;
}

/** Holds nothing but what the ledger shows to everybody. A storage that is full or refuses costs a longer way, and nothing else. */
export function keptCheckpoint(storage: Pick<Storage, 'getItem' | 'setItem'>, chainId: Uint8Array): KeptCheckpoint {
  const name = `checkpoint/${toHex(chainId)}`;
  const kept = (): Checkpoint | undefined => {
    try {
      return parseCheckpoint(storage.getItem(name) ?? '');
    } catch {
      return undefined;
    }
  };
  return {
    newer(given) {
      const known = kept();
      return known !== undefined && known.height > given.height ? known : given;
    },
    keep(verified) {
      if (verified.height <= (kept()?.height ?? 0)) return;
      try {
        storage.setItem(name, formatCheckpoint(verified));
      } catch {
        // see above
      }
    },
  };
}
