/** Image requests and their boxes: asks patients for images, and takes the notices by which they answer. */
import {
  createImageRequest,
  encodeImageRequestLink,
  GRANT_NOTICE_BYTES_MAX,
  generateSealingKeyPair,
  HandoverError,
  openGrantNotice,
  validatePlainText,
} from '@radledger/handover';
import { validateLocalPatient } from '@radledger/imaging';
import { equalBytes, randomBytes, type Signer, sha256, toHex } from '@radledger/primitives';
import { ExchangeError } from '../errors.js';
import { type ExchangeStore, put, remove } from '../exchange-store.js';
import type { KeyedLock } from '../keyed-lock.js';
import type { ImageRecipient } from './recipient-contract.js';
import {
  firstNoticeId,
  firstNoticeRecords,
  noticeRecords,
  openRetrievalRecords,
  type RequestRecord,
  type RetrievalRecord,
  requestRecords,
  retrievalRecords,
} from './recipient-records.js';

/** How long a request can be answered. */
export const REQUEST_LIFETIME_MS = 30 * 24 * 3_600_000;
/** Notices that one box takes in its life. */
export const BOX_NOTICES_MAX = 64;

export interface RequestBoxes extends Pick<ImageRecipient, 'request' | 'takeNotice'> {
  /** @throws {ExchangeError} `REQUEST_UNKNOWN` */
  requestOf(requestId: string): Promise<RequestRecord>;
  /** Opens what was taken; each notice that is believed becomes a retrieval that waits for the ledger. */
  openNotices(): Promise<void>;
}

export function createRequestBoxes(options: {
  readonly store: ExchangeStore;
  readonly lock: KeyedLock;
  readonly chainId: Uint8Array;
  readonly signer: Signer;
  readonly gatewayApi: string;
  readonly walletPage: string;
  /** What the practice calls itself towards patients; empty for nothing. */
  readonly displayName: string;
  readonly now: () => number;
  /** Told that a notice was taken. */
  readonly onNotice: () => void;
  /** Told of each box with a new retrieval. */
  readonly onChange: (boxId: string) => void;
  readonly onFailure: (error: unknown) => void;
}): RequestBoxes {
  const { store, lock, chainId, signer, gatewayApi, now, onChange, onFailure } = options;
  const recipientKey = signer.publicKey;

  const openNotice = async (id: string, sealed: Uint8Array, request: RequestRecord): Promise<void> => {
    let record: RetrievalRecord;
    try {
      const notice = await openGrantNotice({
        sealed,
        chainId,
        recipientKey,
        sealingKeyPair: { publicKey: request.sealingPublicKey, privateKey: request.sealingPrivateKey },
      });
      if (notice.boxId === undefined || !equalBytes(notice.boxId, request.boxId)) {
        throw new ExchangeError({ code: 'NOTICE_INVALID' }, 'the notice is for another box');
      }
      const { source, studyId, tag, studySalt, contentSalt, opening, studyInstanceUid, label, notAfterMs } = notice;
      const { boxId } = request;
      const state = { state: 'waiting' as const, code: undefined, bytesReceived: 0, location: undefined };
      const told = { source, studyId, tag, studySalt, contentSalt, opening, studyInstanceUid, label, notAfterMs };
      record = { format: 1, boxId, receivedAtMs: now(), ...told, ...state };
    } catch (error) {
      if (!(error instanceof HandoverError) && !(error instanceof ExchangeError)) throw error;
      onFailure(
        new ExchangeError({ code: 'NOTICE_INVALID', reason: error.code }, 'a notice was dropped', { cause: error }),
      );
      return store.commit([remove(noticeRecords, id)]);
    }
    const firstId = firstNoticeId(store, record);
    const isFirst = (await store.get(firstNoticeRecords, firstId)) === undefined;
    await store.commit([
      remove(noticeRecords, id),
      put(retrievalRecords, id, record),
      put(openRetrievalRecords, id, 0),
      ...(isFirst ? [put(firstNoticeRecords, firstId, record.receivedAtMs)] : []),
    ]);
    onChange(toHex(request.boxId));
  };

  return {
    async request({ reason, wantedUntilMs, patient, clinician }) {
      validatePlainText(reason, { field: 'reason', bytesMax: 200 });
      if (patient !== undefined) validateLocalPatient(patient);
      const sealing = await generateSealingKeyPair();
      const boxId = randomBytes(16);
      const createdAtMs = now();
      const expiresAtMs = createdAtMs + REQUEST_LIFETIME_MS;
      const displayName = [clinician ?? '', options.displayName].filter((name) => name !== '').join(', ');
      const told = { displayName, reason, wantedUntilMs, expiresAtMs };
      const signed = await createImageRequest(
        { chainId, recipientKey, sealingKey: sealing.publicKey, gatewayApi, boxId, ...told },
        signer,
      );
      const keys = { sealingPublicKey: sealing.publicKey, sealingPrivateKey: sealing.privateKey };
      const times = { wantedUntilMs, createdAtMs, expiresAtMs };
      const record: RequestRecord = { format: 1, boxId, reason, ...times, ...keys, patient };
      const requestId = toHex(boxId);
      await store.commit([put(requestRecords, requestId, record)]);
      return { requestId, expiresAtMs, link: encodeImageRequestLink(signed, options.walletPage) };
    },

    async requestOf(requestId) {
      const request = BOX_ID.test(requestId) ? await store.get(requestRecords, requestId) : undefined;
      if (request === undefined) throw new ExchangeError({ code: 'REQUEST_UNKNOWN' }, 'there is no such request');
      return request;
    },

    async takeNotice(boxId, sealed) {
      if (sealed.length > GRANT_NOTICE_BYTES_MAX) {
        throw new ExchangeError({ code: 'TOO_LARGE' }, `a notice has at most ${GRANT_NOTICE_BYTES_MAX} bytes`);
      }
      const request = BOX_ID.test(boxId) ? await store.get(requestRecords, boxId) : undefined;
      if (request === undefined || request.expiresAtMs <= now()) {
        throw new ExchangeError({ code: 'BOX_UNKNOWN' }, 'there is no such box');
      }
      await lock(`box/${boxId}`, async () => {
        const id = `${boxId}.${toHex(sha256(sealed))}`;
        if ((await store.get(retrievalRecords, id)) !== undefined) return;
        const [waiting, opened] = await Promise.all([
          store.list(noticeRecords, `${boxId}.`),
          store.list(retrievalRecords, `${boxId}.`),
        ]);
        if (waiting.length + opened.length >= BOX_NOTICES_MAX) {
          throw new ExchangeError({ code: 'BOX_FULL' }, `a box takes ${BOX_NOTICES_MAX} notices`);
        }
        await store.commit([put(noticeRecords, id, sealed)]);
      });
      options.onNotice();
    },

    async openNotices() {
      for (const { id, value } of await store.list(noticeRecords)) {
        const request = await store.get(requestRecords, boxOf(id));
        if (request !== undefined) await openNotice(id, value, request);
      }
    },
  };
}

const BOX_ID = /^[0-9a-f]{32}$/;

/** The box of a notice or retrieval id. */
export function boxOf(id: string): string {
  return id.slice(0, 32);
}
