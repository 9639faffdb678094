/** Mailboxes for one sealed image request each. Spec: docs/spec/links.md, section 16; docs/spec/gateway-api.md, section 1. */
import { MAILBOX_BYTES_MAX, MAILBOX_LIFETIME_MS } from '@radledger/handover';
import { bytes, equalBytes, type Infer, literal, optional, struct, toHex, uint } from '@radledger/primitives';
import { ExchangeError } from '../errors.js';
import { type ExchangeStore, put, type RecordKind, remove } from '../exchange-store.js';
import type { KeyedLock } from '../keyed-lock.js';

/** Mailboxes open at a time; they are opened by owners of studies alone. */
const OPEN_MAX = 1_000;

const schema = struct({
  format: literal(1),
  /** The owner key that opened it. */
  opener: bytes({ length: 32 }),
  expiresAtMs: uint(),
  request: optional(bytes({ max: MAILBOX_BYTES_MAX })),
});
/** The id is the mailbox id in hex. */
const mailboxRecords: RecordKind<Infer<typeof schema>> = { name: 'mailbox', schema, bytesMax: 4096 };

export interface Mailboxes {
  /**
   * Opens a mailbox for 15 minutes; the one that the key opened before is gone.
   * @throws {ExchangeError} `MAILBOX_TAKEN` the id is another key's | `TOO_MANY_REQUESTS`
   */
  open(opener: Uint8Array, mailboxId: Uint8Array): Promise<void>;
  /** Leaves a sealed request; the same bytes again are fine. @throws {ExchangeError} `MAILBOX_UNKNOWN` | `MAILBOX_TAKEN` */
  leave(mailboxId: string, sealed: Uint8Array): Promise<void>;
  /** What was left, if anything yet. @throws {ExchangeError} `MAILBOX_UNKNOWN` */
  read(mailboxId: string): Promise<Uint8Array | undefined>;
}

export function createMailboxes(options: {
  readonly store: ExchangeStore;
  readonly lock: KeyedLock;
  readonly now: () => number;
}): Mailboxes {
  const { store, lock, now } = options;

  const openOne = async (id: string) => {
    const record = ID.test(id) ? await store.get(mailboxRecords, id) : undefined;
    if (record !== undefined && record.expiresAtMs > now()) return record;
    throw new ExchangeError({ code: 'MAILBOX_UNKNOWN' }, 'there is no such mailbox, or its 15 minutes are over');
  };

  return {
    open: (opener, mailboxId) =>
      // One at a time: so the number of open ones is known. Those that are over go with the next that is opened.
      lock('mailboxes', async () => {
        const id = toHex(mailboxId);
        const all = await store.list(mailboxRecords);
        const isOver = (record: (typeof all)[number]): boolean => record.value.expiresAtMs <= now();
        const isHers = (record: (typeof all)[number]): boolean => equalBytes(record.value.opener, opener);
        const others = all.filter((record) => !isOver(record) && !isHers(record));
        if (others.some((other) => other.id === id)) throw taken();
        // Asked again: what was left meanwhile stays.
        if (all.some((record) => record.id === id && isHers(record) && !isOver(record))) return;
        if (others.length >= OPEN_MAX) {
          throw new ExchangeError({ code: 'TOO_MANY_REQUESTS' }, 'too many mailboxes are open; retry in 15 minutes');
        }
        const gone = all.filter((record) => record.id !== id && (isOver(record) || isHers(record)));
        const expiresAtMs = now() + MAILBOX_LIFETIME_MS;
        await store.commit([
          ...gone.map((record) => remove(mailboxRecords, record.id)),
          put(mailboxRecords, id, { format: 1, opener, expiresAtMs, request: undefined }),
        ]);
      }),

    leave: (id, sealed) =>
      lock('mailboxes', async () => {
        const record = await openOne(id);
        if (record.request !== undefined && equalBytes(record.request, sealed)) return;
        if (record.request !== undefined) throw taken();
        await store.commit([put(mailboxRecords, id, { ...record, request: sealed })]);
      }),

    read: async (id) => (await openOne(id)).request,
  };
}

const ID = /^[0-9a-f]{32}$/;

function taken(): ExchangeError {
  return new ExchangeError({ code: 'MAILBOX_TAKEN' }, 'the mailbox holds a request already; ask for a new code');
}
