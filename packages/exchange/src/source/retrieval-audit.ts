/** Records what a source discloses: before a document's first byte, and how it ended. Spec: docs/spec/audit.md, section 5. */
import type { SignedRequest } from '@radledger/iti43/server';
import { fromHex, randomBytes, toHex } from '@radledger/primitives';
import { type AuditedDocument, type AuditEvent, digestOf } from '../audit/audit-event.js';
import type { Audit } from '../audit/audit-trail.js';
import type { AccessLogs } from './access-log.js';
import { readDocumentUniqueId } from './authorise.js';

/** What is known of a document that may be read. */
export type DisclosureFacts = Required<Pick<AuditEvent, 'basis' | 'standing'>> & { readonly content: string };

export interface RetrievalAudit {
  /** @throws {ExchangeError} `AUDIT_UNWRITABLE` */
  refused(request: SignedRequest, document: AuditedDocument, code: string): Promise<void>;
  /** The same bytes; when nothing can be recorded, none. */
  disclosed(
    request: SignedRequest,
    document: AuditedDocument,
    facts: DisclosureFacts,
    stream: AsyncIterable<Uint8Array>,
  ): AsyncIterable<Uint8Array>;
}

export function createRetrievalAudit(audit: Audit, accesses: AccessLogs, endpointUrl: string): RetrievalAudit {
  const common = (request: SignedRequest, document: AuditedDocument) => ({
    side: 'source' as const,
    transaction: 'ITI-43' as const,
    id: toHex(randomBytes(16)),
    requestDigest: digestOf(request.messageId),
    endpointUrl,
    reader: request.signer,
    ...(request.peerAddress === undefined ? {} : { peerAddress: request.peerAddress }),
    documents: [{ ...document, documentUniqueId: publicId(document.documentUniqueId) }],
  });
  return {
    refused: (request, document, code) =>
      audit.record({ ...common(request, document), phase: 'refused', outcome: 'failure', code }),

    async *disclosed(request, document, { content, basis, standing }, stream) {
      const event = { ...common(request, { ...document, content }), basis, standing };
      await audit.record({ ...event, phase: 'begun', outcome: 'success' });
      const { studyId, part } = readDocumentUniqueId(document.documentUniqueId);
      const end = await accesses.begin({ studyId, part, basis, reader: fromHex(request.signer) });
      let bytes = 0;
      // What is left when the reader goes away, which ends this generator without an error.
      let code: string | undefined = 'CONNECTION_LOST';
      try {
        for await (const chunk of stream) {
          yield chunk;
          bytes += chunk.length;
        }
        code = undefined;
      } catch (error) {
        code = codeOf(error);
        throw error;
      } finally {
        const outcome = code === undefined ? ('success' as const) : ('failure' as const);
        await end(outcome, bytes);
        await audit.record({ ...event, phase: 'ended', outcome, bytes, ...(code === undefined ? {} : { code }) });
      }
    },
  };
}

/** Codes are what errors may tell outside of this process. */
function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'RETRIEVAL_FAILED';
}

/** A trail holds no text that a sender chose: an id that no study of ours can have is recorded as its digest. */
function publicId(documentUniqueId: string): string {
  return /^[0-9a-f]{64}(\.manifest)?$/.test(documentUniqueId)
    ? documentUniqueId
    : `sha256:${digestOf(documentUniqueId)}`;
}
