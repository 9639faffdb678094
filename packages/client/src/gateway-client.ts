/** Client of a gateway's patient-facing API. Spec: docs/spec/gateway-api.md, section 1. */
import { toHex } from '@radledger/primitives';
import { MAILBOX_BYTES_MAX, SEALED_BYTES_MAX, type WellKnown, wellKnownFromJson } from '@radledger/handover';
import { ClientError } from './errors.js';
import { Http, type HttpOptions } from './http.js';

interface CallOptions {
  readonly signal?: AbortSignal;
}

/** What a patient's app asks of a gateway. Everything sent and returned as bytes is a message of `@radledger/handover`. */
export interface GatewayClient {
  readonly url: string;
  /** The gateway's statement about itself; not yet verified. */
  wellKnown(options?: CallOptions): Promise<WellKnown>;
  /**
   * Sends a Claim; may be repeated with the same bytes.
   * @returns the sealed ClaimReply
   * @throws {ClientError} `REFUSED` with reason `WRONG_CODE` (and `triesLeft`), `NOT_YET` (and `availableAtMs`), `INVITATION_UNKNOWN`, `INVITATION_EXPIRED`, ...
   */
  claim(claim: Uint8Array, options?: CallOptions): Promise<Uint8Array>;
  /** Leaves a sealed grant notice in the box of an image request. */
  leaveNotice(boxId: Uint8Array, sealedNotice: Uint8Array, options?: CallOptions): Promise<void>;
  /** Sends a StudySecretRequest. @returns the sealed StudySecretReply */
  studySecret(request: Uint8Array, options?: CallOptions): Promise<Uint8Array>;
  /** Sends an AccessLogRequest. @returns the sealed AccessLog */
  accessLog(request: Uint8Array, options?: CallOptions): Promise<Uint8Array>;
  /**
   * Sends an OwnerRequest. @returns the sealed OwnerReply
   * @throws {ClientError} `REFUSED` with reason `STUDY_UNKNOWN`, `NO_STANDING_LINK`, `NO_REPLACEMENT`, `TOO_MANY_REQUESTS`, ...
   */
  ownerRequest(request: Uint8Array, options?: CallOptions): Promise<Uint8Array>;
  /**
   * Asks with an OwnerRequest whose order is `look` whether a study was erased. @returns the sealed erasure note
   * @throws {ClientError} `REFUSED` with reason `STUDY_UNKNOWN` when it was not
   */
  erasureNote(request: Uint8Array, options?: CallOptions): Promise<Uint8Array>;
  /** Leaves a sealed image request in a patient's mailbox. @throws {ClientError} `REFUSED` with reason `MAILBOX_UNKNOWN` or `MAILBOX_TAKEN` */
  answerMailbox(mailboxId: Uint8Array, sealedRequest: Uint8Array, options?: CallOptions): Promise<void>;
  /** What was left in a mailbox, if anything yet. @throws {ClientError} `REFUSED` with reason `MAILBOX_UNKNOWN` when its time is over */
  readMailbox(mailboxId: Uint8Array, options?: CallOptions): Promise<Uint8Array | undefined>;
  /**
   * Sends a recipient's KeyWithdrawal. The source takes it whatever it knows.
   * @param studyId - of a study that the key was allowed
   */
  withdrawKey(statement: Uint8Array, studyId: Uint8Array, options?: CallOptions): Promise<void>;
}

/** What this client reads: a gateway that knows no format but the first gives that. Spec: docs/spec/gateway-api.md, section 1. */
const DISCLOSURE_FORMAT = 'disclosure=2';

/** @param options.url - the `api` address of an invitation, image request or well-known document */
export function createGatewayClient(options: HttpOptions): GatewayClient {
  const http = new Http(options);
  return {
    url: http.url,
    async wellKnown({ signal } = {}) {
      const json = await http.json('/.well-known/radledger', { signal, responseBytesMax: 16 * 1024 });
      try {
        return wellKnownFromJson(json);
      } catch (cause) {
        throw new ClientError({ code: 'MALFORMED_RESPONSE', field: '' }, 'not a gateway document', { cause });
      }
    },
    claim: (claim, { signal } = {}) =>
      http.octets(`/v1/claims?${DISCLOSURE_FORMAT}`, {
        method: 'POST',
        body: claim,
        signal,
        responseBytesMax: SEALED_BYTES_MAX,
      }),
    async leaveNotice(boxId, sealedNotice, { signal } = {}) {
      await http.octets(`/v1/boxes/${toHex(boxId)}`, {
        method: 'POST',
        body: sealedNotice,
        signal,
        responseBytesMax: 1024,
      });
    },
    studySecret: (request, { signal } = {}) =>
      http.octets(`/v1/study-secrets?${DISCLOSURE_FORMAT}`, {
        method: 'POST',
        body: request,
        signal,
        responseBytesMax: SEALED_BYTES_MAX,
      }),
    accessLog: (request, { signal } = {}) =>
      http.octets('/v1/access-logs', { method: 'POST', body: request, signal, responseBytesMax: SEALED_BYTES_MAX }),
    ownerRequest: (request, { signal } = {}) =>
      http.octets('/v1/owner-requests', { method: 'POST', body: request, signal, responseBytesMax: SEALED_BYTES_MAX }),
    erasureNote: (request, { signal } = {}) =>
      http.octets('/v1/erasure-notes', { method: 'POST', body: request, signal, responseBytesMax: 2048 }),
    async answerMailbox(mailboxId, sealedRequest, { signal } = {}) {
      const path = `/v1/mailboxes/${toHex(mailboxId)}`;
      await http.octets(path, { method: 'POST', body: sealedRequest, signal, responseBytesMax: 1024 });
    },
    async readMailbox(mailboxId, { signal } = {}) {
      const path = `/v1/mailboxes/${toHex(mailboxId)}`;
      const left = await http.octets(path, { signal, responseBytesMax: MAILBOX_BYTES_MAX });
      return left.length === 0 ? undefined : left; // 204: nothing yet
    },
    async withdrawKey(statement, studyId, { signal } = {}) {
      const path = `/v1/key-withdrawals/${toHex(studyId)}`;
      await http.octets(path, { method: 'POST', body: statement, signal, responseBytesMax: 1024 });
    },
  };
}
