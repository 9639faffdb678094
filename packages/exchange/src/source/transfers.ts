/** What a source sent, and what its readers signed for it. Spec: docs/spec/gateway-api.md, section 1; docs/spec/links.md, section 15. */
import {
  createTransferReceipt,
  decodeTransferReceipt,
  HandoverError,
  type SignedTransferReceipt,
  TRANSFER_RECEIPT_BYTES_MAX,
  verifyTransferReceipt,
} from '@radledger/handover';
import { bytes, type Infer, literal, optional, struct, toHex, uint } from '@radledger/primitives';
import { ExchangeError } from '../errors.js';
import { type ExchangeStore, put, type RecordKind } from '../exchange-store.js';
import type { KeyedLock } from '../keyed-lock.js';
import { oneOf } from '../one-of.js';
import type { SourceIdentity } from './source-identity.js';

const id32 = bytes({ length: 32 });
const receipt = bytes({ max: TRANSFER_RECEIPT_BYTES_MAX });
const transferSchema = struct({
  format: literal(1),
  studyId: id32,
  content: id32,
  requestDigest: id32,
  recipientKey: id32,
  /** Size of the answer: of the file-set, or of the manifest where instances are read one by one by DICOMweb. */
  bytes: uint(),
  /** When it began; of the last change of `state` once it has ended. */
  atMs: uint(),
  state: oneOf(['begun', 'sent', 'broken']),
  /** What the recipient signed. */
  received: optional(receipt),
  /** What the source gave for it. */
  given: optional(receipt),
});
export type TransferRecord = Infer<typeof transferSchema>;
/** The id is `<request digest>.<studyId>`, both in hex. */
export const transferRecords: RecordKind<TransferRecord> = { name: 'transfer', schema: transferSchema, bytesMax: 2048 };

export type Transfer = Pick<TransferRecord, 'studyId' | 'content' | 'requestDigest' | 'recipientKey' | 'bytes'>;

export interface Transfers {
  /** Keeps that an answer begins to leave; the returned function keeps whether all of it has left. */
  begin(transfer: Transfer): Promise<(isWhole: boolean) => Promise<void>>;
  /**
   * Takes the receipt of a recipient for an answer that has left whole, and gives the source's own; the same receipt is answered alike,
   * however often it comes. Of an answer within which an earlier process ended, the recipient's signature says that it was whole.
   * @throws {ExchangeError} `MALFORMED_REQUEST` | `TRANSFER_UNKNOWN` | `SIGNATURE_INVALID` | `TRANSFER_UNFINISHED`
   */
  exchangeReceipts(encoded: Uint8Array): Promise<Uint8Array>;
  /** Every transfer, oldest first; one without `received` was never confirmed. */
  list(): Promise<readonly TransferRecord[]>;
}

export function createTransfers(options: {
  readonly store: ExchangeStore;
  readonly lock: KeyedLock;
  readonly identity: SourceIdentity;
  readonly now: () => number;
}): Transfers {
  const { store, lock, identity, now } = options;
  /** Ids of answers that leave now. */
  const running = new Set<string>();

  const update = (id: string, change: (record: TransferRecord) => Promise<TransferRecord>): Promise<TransferRecord> =>
    lock(`transfer/${id}`, async () => {
      const record = await store.get(transferRecords, id);
      if (record === undefined) {
        throw new ExchangeError({ code: 'TRANSFER_UNKNOWN' }, 'this source sent nothing that this receipt is for');
      }
      const changed = await change(record);
      if (changed !== record) await store.commit([put(transferRecords, id, changed)]);
      return changed;
    });

  return {
    async begin(transfer) {
      const id = idOf(transfer);
      const record: TransferRecord = {
        format: 1,
        ...transfer,
        atMs: now(),
        state: 'begun',
        received: undefined,
        given: undefined,
      };
      running.add(id);
      try {
        await store.commit([put(transferRecords, id, record)]);
      } catch (error) {
        running.delete(id);
        throw error;
      }
      return async (isWhole) => {
        const state = isWhole ? 'sent' : 'broken';
        await update(id, async (current) => ({ ...current, atMs: now(), state }));
        // One whose end is not on disk is signed for by no process that saw it break.
        running.delete(id);
      };
    },

    async exchangeReceipts(encoded) {
      const theirs = decode(encoded);
      const { given } = await update(idOf(theirs), async (record) => {
        const about = { chainId: identity.chainId, source: identity.source, ...record };
        await verify(theirs, about);
        if (record.given !== undefined) return record;
        // Not yet known, or known not to be: its receipt would say that all of it was sent.
        if (record.state === 'broken' || running.has(idOf(theirs))) {
          throw new ExchangeError({ code: 'TRANSFER_UNFINISHED' }, 'this source has not sent all of it; retry later');
        }
        const own = await createTransferReceipt({ ...about, side: 'source', atMs: now() }, identity.signer);
        return { ...record, state: 'sent', received: encoded, given: own };
      });
      if (given === undefined) throw new TypeError('a verified receipt is answered');
      return given;
    },

    async list() {
      const transfers = (await store.list(transferRecords)).map(({ value }) => value);
      return transfers.sort((a, b) => a.atMs - b.atMs);
    },
  };
}

function idOf({ requestDigest, studyId }: Pick<Transfer, 'requestDigest' | 'studyId'>): string {
  return `${toHex(requestDigest)}.${toHex(studyId)}`;
}

function decode(encoded: Uint8Array): SignedTransferReceipt {
  try {
    return decodeTransferReceipt(encoded);
  } catch (cause) {
    if (!(cause instanceof HandoverError)) throw cause;
    throw new ExchangeError({ code: 'MALFORMED_REQUEST' }, 'expected a transfer receipt', { cause });
  }
}

async function verify(
  theirs: SignedTransferReceipt,
  about: Transfer & { readonly chainId: Uint8Array; readonly source: Uint8Array },
): Promise<void> {
  try {
    await verifyTransferReceipt(theirs, { key: about.recipientKey, about: { ...about, side: 'recipient' } });
  } catch (cause) {
    if (!(cause instanceof HandoverError)) throw cause;
    throw new ExchangeError({ code: 'SIGNATURE_INVALID' }, 'not what was sent, or not signed by whom it was sent to', {
      cause,
    });
  }
}
