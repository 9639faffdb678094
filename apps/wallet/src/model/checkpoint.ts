/** Where this phone goes on with a ledger: the newest end of an epoch that it verified itself. Spec: docs/spec/light-client.md, section 1. */
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from '@radledger/chain';
import { toHex } from '@radledger/primitives';

export interface KeptCheckpoint {
  /** Its own; the given one only where there is none, or it is too old to go on from: whoever serves the app moves no phone that has it. */
  start(given: Checkpoint): Checkpoint;
  keep(verified: Checkpoint): void;
}

/** A day less than what light clients refuse: a checkpoint is kept some time after its block was made. */
const OWN_MS_MAX = 27 * 86_400_000;

/**
 * Holds nothing but what the ledger shows to everybody. A storage that is full or refuses costs a longer way, and nothing else.
 * @param now - Unix ms
 */
export function keptCheckpoint(
  storage: Pick<Storage, 'getItem' | 'setItem'>,
  chainId: Uint8Array,
  now: () => number,
): KeptCheckpoint {
  const name = `checkpoint/${toHex(chainId)}`;
  const kept = (): Checkpoint | undefined => {
    const [text = '', keptAtMs] = (storage.getItem(name) ?? '').split(' ');
    const isYoung = keptAtMs !== undefined && Math.abs(now() - Number(keptAtMs)) <= OWN_MS_MAX;
    if (!isYoung) return undefined;
    try {
      return parseCheckpoint(text);
    } catch {
      return undefined;
    }
  };
  return {
    start: (given) => kept() ?? given,
    keep(verified) {
      if (verified.height <= (kept()?.height ?? 0)) return;
      try {
        storage.setItem(name, `${formatCheckpoint(verified)} ${now()}`);
      } catch {
        // see above
      }
    },
  };
}
