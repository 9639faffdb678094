/** Records what a source discloses: before a document's first byte, and how it ended. Spec: docs/spec/audit.md, section 5. */
import { isIPv4, isIPv6 } from 'node:net';
import { fromHex, randomBytes, toHex } from '@radledger/primitives';
import { type AuditedDocument, type AuditEvent, digestOf } from '../audit/audit-event.js';
import type { Audit } from '../audit/audit-trail.js';
import type { AccessLogs } from './access-log.js';
import type { Access } from './access-records.js';
import type { RefusalCount } from './refusal-count.js';

/** What a record tells of a verified request: an ITI-43 message, or a signed HTTP request with its nonce as id. */
export interface AuditedRequest {
  /** The key that signed, 64 lower-case hex. */
  readonly signer: string;
  readonly messageId: string;
  readonly peerAddress?: string;
}

export type DisclosedPart = Access['part'];

/** What is known of a document that may be read. */
export type DisclosureFacts = Required<Pick<AuditEvent, 'basis' | 'standing'>> & {
  readonly studyId: Uint8Array;
  readonly part: DisclosedPart;
  readonly content: string;
  /** Of the study's owner. */
  readonly era: number;
};

export interface RetrievalAudit {
  /** Recorded, or only counted when there are many. @throws {ExchangeError} `AUDIT_UNWRITABLE` */
  refused(request: AuditedRequest, documents: readonly AuditedDocument[], code: string): Promise<void>;
  /** The same bytes; when nothing can be recorded, none. */
  disclosed(
    request: AuditedRequest,
    document: AuditedDocument,
    facts: DisclosureFacts,
    stream: AsyncIterable<Uint8Array>,
  ): AsyncIterable<Uint8Array>;
}

export function createRetrievalAudit(options: {
  readonly audit: Audit;
  readonly accesses: AccessLogs;
  readonly refusals: Pick<RefusalCount, 'admit'>;
  readonly protocol: Pick<AuditEvent, 'transaction' | 'endpointUrl'>;
}): RetrievalAudit {
  const { audit, accesses, refusals, protocol } = options;
  const common = (request: AuditedRequest, documents: readonly AuditedDocument[]) => ({
    side: 'source' as const,
    id: toHex(randomBytes(16)),
    requestDigest: digestOf(request.messageId),
    ...protocol,
    reader: request.signer,
    documents: documents.map(({ documentUniqueId, repositoryUniqueId, content }) => ({
      documentUniqueId: publicId(documentUniqueId),
      repositoryUniqueId,
      ...(content === undefined ? {} : { content }),
    })),
  });
  return {
    async refused(request, documents, code) {
      if (!refusals.admit()) return;
      const peerAddress = request.peerAddress && networkOf(request.peerAddress);
      const event = { ...common(request, documents), ...(peerAddress === undefined ? {} : { peerAddress }) };
      await audit.record({ ...event, phase: 'refused', outcome: 'failure', code });
    },

    async *disclosed(request, document, { studyId, part, content, era, basis, standing }, stream) {
      const { peerAddress } = request;
      // Her own address beside her study's name would be in the trail for ever: it cannot lose a line.
      const isHers = basis === 'owner' || basis === 'delegate';
      const address = isHers || peerAddress === undefined ? {} : { peerAddress };
      const event = { ...common(request, [{ ...document, content }]), ...address, basis, standing };
      await audit.record({ ...event, phase: 'begun', outcome: 'success' });
      let bytes = 0;
      let end: Awaited<ReturnType<AccessLogs['begin']>> | undefined;
      // What is left when the reader goes away, which ends this generator without an error.
      let code: string | undefined = 'CONNECTION_LOST';
      try {
        end = await accesses.begin({ studyId, era, part, basis, reader: fromHex(request.signer) });
        for await (const chunk of stream) {
          // What is on its way counts as disclosed.
          bytes += chunk.length;
          yield chunk;
        }
        code = undefined;
      } catch (error) {
        code = codeOf(error);
        throw error;
      } finally {
        const outcome = code === undefined ? ('success' as const) : ('failure' as const);
        try {
          await audit.record({ ...event, phase: 'ended', outcome, bytes, ...(code === undefined ? {} : { code }) });
        } finally {
          await end?.(outcome, bytes);
        }
      }
    },
  };
}

/**
 * The first address of the network that one is in: /24, or /48 of IPv6. Who is refused may be a patient whose access has just ended; a
 * network is enough to see who tries doors.
 * @returns undefined for what is no address
 */
function networkOf(address: string): string | undefined {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  const plain = mapped ?? address.replace(/%.*$/, '');
  if (isIPv4(plain)) return plain.replace(/\d+$/, '0');
  if (!isIPv6(plain)) return undefined;
  const [head = '', tail] = plain.split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const network = [...groups, ...Array.from({ length: missing }, () => '0')].slice(0, 3);
  return new URL(`http://[${network.join(':')}::]/`).hostname.slice(1, -1);
}

/** Codes are what errors may tell outside of this process. */
function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? code : 'RETRIEVAL_FAILED';
}

/** A trail holds no text that a sender chose: an id that no study of ours can have is recorded as its digest. */
function publicId(documentUniqueId: string): string {
  return /^[0-9a-f]{64}(\.manifest)?$/.test(documentUniqueId)
    ? documentUniqueId
    : `sha256:${digestOf(documentUniqueId)}`;
}
