/** Message ids that were used, kept in the database until no clock would accept them again. */
import type { ReplayStore } from '@radledger/iti43/server';
import { sha256, toHex, utf8 } from '@radledger/primitives';
import { type ExchangeStore, put, remove } from '../exchange-store.js';
import type { KeyedLock } from '../keyed-lock.js';
import { replayRecords } from './source-records.js';

/** How often, counted in remembered messages, outdated ones are erased. */
const PURGE_EVERY = 1024;
/** Most erasures of one batch. */
const PURGE_BATCH = 4096;

export interface DurableReplayStore extends ReplayStore {
  /** Erases what may be forgotten. */
  purge(): Promise<void>;
}

/**
 * A replay store over the gateway's records: what it was told before a restart it still knows after it. `scope` keeps the
 * ids of one protocol apart from those of another.
 */
export function createReplayStore(options: {
  readonly store: ExchangeStore;
  readonly lock: KeyedLock;
  readonly scope: string;
  readonly now: () => number;
}): DurableReplayStore {
  const { store, lock, now } = options;
  const prefix = `${options.scope}.`;
  let sincePurge = 0;

  const purge = async (): Promise<void> => {
    const outdated = (await store.list(replayRecords, prefix)).filter(({ value }) => value < now());
    for (let start = 0; start < outdated.length; start += PURGE_BATCH) {
      await store.commit(outdated.slice(start, start + PURGE_BATCH).map(({ id }) => remove(replayRecords, id)));
    }
  };

  return {
    purge,
    remember: (signer, messageId, untilMs) => {
      const id = `${prefix}${signer}.${toHex(sha256(utf8(messageId)))}`;
      return lock(`replay/${id}`, async () => {
        const until = await store.get(replayRecords, id);
        if (until !== undefined && until >= now()) return false;
        await store.commit([put(replayRecords, id, untilMs)]);
        sincePurge += 1;
        if (sincePurge >= PURGE_EVERY) {
          sincePurge = 0;
          await purge();
        }
        return true;
      });
    },
  };
}
