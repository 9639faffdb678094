/** What the audit trail holds of whom a source gives studies to. Spec: docs/spec/audit.md, section 1. */
import type { IdentityCheck } from '@radledger/handover';
import type { Audit } from '../audit/audit-trail.js';
import { deskEventOf } from './privacy-office.js';

/** @throws {ExchangeError} `AUDIT_UNWRITABLE` */
export type DeskAudit = (done: {
  readonly kind: 'invited' | 'sent';
  readonly studyId: Uint8Array;
  /** How the source knew who the patient is, where that was asked for. */
  readonly identityCheckedBy?: IdentityCheck | undefined;
}) => Promise<void>;

export function createDeskAudit(options: {
  readonly audit: Audit;
  readonly source: Uint8Array;
  readonly endpointUrl: string;
}): DeskAudit {
  const { audit, source, endpointUrl } = options;
  return ({ kind, studyId, identityCheckedBy }) =>
    audit.record({
      ...deskEventOf({ kind, studyId, source, endpointUrl }),
      ...(identityCheckedBy && { identityCheckedBy }),
    });
}
