/** Records what one try to fetch a study asks for: each request before it leaves, and how all of them ended. Spec: docs/spec/audit.md, section 1. */
import { randomBytes, toHex } from '@radledger/primitives';
import { type AuditedDocument, type AuditEvent, digestOf } from '../audit/audit-event.js';
import type { Audit } from '../audit/audit-trail.js';

/** A request that is recorded, and may leave. */
export interface AuditedRequest {
  readonly requestDigest: string;
  /** Told of the bytes that came. */
  count(bytes: number): void;
  /** Ends it alone: the source gave nothing. */
  refused(code: string): Promise<void>;
}

export interface RequestAudit {
  /** @param request.id - wsa:MessageID or nonce */
  begun(request: Pick<AuditEvent, 'transaction' | 'endpointUrl'> & { readonly id: string }): Promise<AuditedRequest>;
  /** Ends every other request: what they brought together is filed, or nothing is. */
  ended(end: Pick<AuditEvent, 'outcome' | 'code'>): Promise<void>;
  /** Bytes of all answers up to now. */
  bytes(): number;
}

export function createRequestAudit(options: {
  readonly audit: Audit;
  /** The key that reads. */
  readonly reader: Uint8Array;
  readonly document: AuditedDocument;
  /** Told of each growth of `bytes`. */
  readonly onBytes: (total: number) => void;
}): RequestAudit {
  const { audit, document } = options;
  const open = new Map<AuditEvent, number>();
  let total = 0;
  const end = async (event: AuditEvent, how: Pick<AuditEvent, 'outcome' | 'code'>): Promise<void> => {
    const bytes = open.get(event);
    if (bytes === undefined || !open.delete(event)) return;
    await audit.record({ ...event, ...how, phase: 'ended', bytes });
  };
  return {
    async begun({ transaction, endpointUrl, id }) {
      const requestDigest = digestOf(id);
      const event: AuditEvent = {
        side: 'recipient',
        transaction,
        phase: 'begun',
        outcome: 'success',
        id: toHex(randomBytes(16)),
        requestDigest,
        endpointUrl,
        reader: toHex(options.reader),
        documents: [document],
      };
      await audit.record(event);
      open.set(event, 0);
      return {
        requestDigest,
        count(bytes) {
          open.set(event, (open.get(event) ?? 0) + bytes);
          total += bytes;
          options.onBytes(total);
        },
        refused: (code) => end(event, { outcome: 'failure', code }),
      };
    },
    async ended(how) {
      await Promise.all([...open.keys()].map((event) => end(event, how)));
    },
    bytes: () => total,
  };
}
