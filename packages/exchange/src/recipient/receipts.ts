/** What a recipient received, what it signed for it, and what the source signed in return. Spec: docs/spec/links.md, section 15. */
import {
  createTransferReceipt,
  decodeTransferReceipt,
  HandoverError,
  TRANSFER_RECEIPT_BYTES_MAX,
  type TransferReceipt,
  verifyTransferReceipt,
} from '@radledger/handover';
import { type ClientCertificate, postPinned } from '@radledger/iti43/client';
import {
  bytes,
  concatBytes,
  type Infer,
  literal,
  optional,
  type Signer,
  struct,
  toHex,
  uint,
} from '@radledger/primitives';
import { ExchangeError } from '../errors.js';
import { type Change, type ExchangeStore, put, type RecordKind, remove } from '../exchange-store.js';
import type { LedgerPort } from '../ledger-port.js';
import { type EndpointGuardOptions, guardEndpoint } from './endpoint-guard.js';

const id32 = bytes({ length: 32 });
const signed = bytes({ max: TRANSFER_RECEIPT_BYTES_MAX });
const receiptSchema = struct({
  format: literal(1),
  source: id32,
  studyId: id32,
  content: id32,
  requestDigest: id32,
  bytes: uint(),
  atMs: uint(),
  /** What this recipient signed. */
  given: signed,
  /** What the source signed. */
  received: optional(signed),
});
export type ReceiptRecord = Infer<typeof receiptSchema>;
/** The id is `<request digest>.<studyId>`, both in hex. */
const receiptRecords: RecordKind<ReceiptRecord> = { name: 'receipt', schema: receiptSchema, bytesMax: 2048 };
/** Receipts that the source has not answered. */
const openReceiptRecords: RecordKind<0> = { name: 'open-receipt', schema: literal(0), bytesMax: 8 };

const TIMEOUT_MS = 10_000;
/** Between two tries to bring a receipt to its source. */
const RETRY_MS = 10 * 60_000;
/** After this a source that never answered is left alone; its receipt stays missing. */
const GIVE_UP_MS = 30 * 86_400_000;

/** A study that was received, checked and filed. */
export type Received = Pick<ReceiptRecord, 'source' | 'studyId' | 'content' | 'requestDigest' | 'bytes'>;

export interface Receipts {
  /** Signs for a study: what is to be kept together with its being filed. */
  sign(received: Received): Promise<readonly Change[]>;
  /** Brings receipts to their sources, each that is due; failures are told and tried again later. */
  deliver(signal: AbortSignal): Promise<void>;
  /** Every receipt, oldest first; one without `received` was never confirmed by its source. */
  list(): Promise<readonly ReceiptRecord[]>;
}

export function createReceipts(options: {
  readonly store: ExchangeStore;
  readonly ledger: LedgerPort;
  readonly chainId: Uint8Array;
  readonly signer: Signer;
  readonly endpointGuard: EndpointGuardOptions;
  readonly clientCertificate: ClientCertificate | undefined;
  readonly now: () => number;
  readonly onFailure: (error: unknown) => void;
}): Receipts {
  const { store, ledger, chainId, signer, now } = options;
  const nextTryMs = new Map<string, number>();

  const deliverOne = async (id: string, record: ReceiptRecord, signal: AbortSignal): Promise<void> => {
    const cell = await ledger.source(record.source);
    if (cell?.endpoint === undefined) {
      throw new ExchangeError({ code: 'SOURCE_UNPROVEN' }, 'the ledger has no endpoint of this source');
    }
    const { baseUrl, tlsPins } = cell.endpoint;
    const { addresses } = await guardEndpoint(baseUrl, options.endpointGuard);
    const answer = await postPinned({
      url: new URL(`${baseUrl}/v1/receipts`),
      pins: tlsPins,
      addresses,
      client: options.clientCertificate,
      contentType: 'application/octet-stream',
      body: record.given,
      responseBytesMax: 4_096,
      idleTimeoutMs: TIMEOUT_MS,
      bytesPerSecondMin: 1_024,
      signal,
    });
    if (answer.status !== 200) {
      answer.close();
      throw new ExchangeError(
        { code: 'RECEIPT_REFUSED', reason: `HTTP_${answer.status}` },
        'the source gives no receipt',
      );
    }
    const theirs = await collected(answer.body);
    const about: Omit<TransferReceipt, 'atMs'> = { ...record, side: 'source', chainId, recipientKey: signer.publicKey };
    await verifyTransferReceipt(decodeTransferReceipt(theirs), { key: cell.signingKey, about });
    await store.commit([put(receiptRecords, id, { ...record, received: theirs }), remove(openReceiptRecords, id)]);
  };

  return {
    async sign(received) {
      const id = `${toHex(received.requestDigest)}.${toHex(received.studyId)}`;
      const atMs = now();
      const about = { ...received, chainId, recipientKey: signer.publicKey, side: 'recipient' as const, atMs };
      const given = await createTransferReceipt(about, signer);
      const record: ReceiptRecord = { format: 1, ...received, atMs, given, received: undefined };
      return [put(receiptRecords, id, record), put(openReceiptRecords, id, 0)];
    },

    async deliver(signal) {
      for (const { id } of await store.list(openReceiptRecords)) {
        if (signal.aborted) return;
        if ((nextTryMs.get(id) ?? 0) > now()) continue;
        const record = await store.get(receiptRecords, id);
        if (record === undefined || now() - record.atMs > GIVE_UP_MS) {
          await store.commit([remove(openReceiptRecords, id)]);
          continue;
        }
        nextTryMs.set(id, now() + RETRY_MS);
        try {
          await deliverOne(id, record, signal);
          nextTryMs.delete(id);
        } catch (error) {
          if (!signal.aborted) options.onFailure(refusedReceipt(error));
        }
      }
    },

    async list() {
      const receipts = (await store.list(receiptRecords)).map(({ value }) => value);
      return receipts.sort((a, b) => a.atMs - b.atMs);
    },
  };
}

async function collected(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return concatBytes(...chunks);
}

function refusedReceipt(error: unknown): unknown {
  if (!(error instanceof HandoverError)) return error;
  const info = { code: 'RECEIPT_REFUSED', reason: error.code } as const;
  return new ExchangeError(info, "the source's receipt is for something else, or not signed by it", { cause: error });
}
