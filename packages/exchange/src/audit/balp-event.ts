/**
 * A retrieval as a FHIR R4 AuditEvent in the forms "Export" and "Import" of IHE BALP (Basic Audit Log Patterns 1.1), with the same facts as
 * the ATNA message.
 */
import { type AuditEntry, type AuditEvent, makesMessage, PURPOSES_OF_USE, TRANSACTION_NAMES } from './audit-event.js';
import type { AuditIdentity } from './atna-message.js';

const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
const OBJECT_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-entity-type';
const OBJECT_ROLE = 'http://terminology.hl7.org/CodeSystem/object-role';
const SOURCE_TYPE = 'http://terminology.hl7.org/CodeSystem/security-source-type';
const ACT_REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';
const IHE_EVENT = 'urn:ihe:event-type-code';

/** @returns the resource as JSON values; undefined for an event that makes none */
export function encodeBalpEvent({ atMs, event }: AuditEntry, identity: AuditIdentity): object | undefined {
  if (!makesMessage(event)) return undefined;
  const isSource = event.side === 'source';
  const network = event.peerAddress === undefined ? {} : { network: { address: event.peerAddress, type: '2' } };
  return {
    resourceType: 'AuditEvent',
    ...kindOf(event),
    recorded: new Date(atMs).toISOString(),
    outcome: event.phase === 'refused' ? '4' : event.outcome === 'success' ? '0' : '8',
    ...(event.code === undefined ? {} : { outcomeDesc: event.code }),
    ...(event.basis === undefined
      ? {}
      : { purposeOfEvent: [{ coding: [{ system: ACT_REASON, ...PURPOSES_OF_USE[event.basis] }] }] }),
    agent: [
      {
        type: { coding: [{ system: DCM, code: '110153', display: 'Source Role ID' }] },
        who: { display: event.endpointUrl },
        requestor: false,
        ...(isSource ? {} : network),
      },
      {
        type: { coding: [{ system: DCM, code: '110152', display: 'Destination Role ID' }] },
        who: { identifier: { value: event.reader } },
        requestor: true,
        ...(isSource ? network : {}),
      },
    ],
    source: {
      ...(identity.siteId === undefined ? {} : { site: identity.siteId }),
      observer: { display: identity.sourceId },
      type: [{ system: SOURCE_TYPE, code: '4', display: 'Application Server' }],
    },
    entity: event.documents.map(({ documentUniqueId, repositoryUniqueId, content }) => ({
      what: { identifier: { value: documentUniqueId } },
      type: { system: OBJECT_TYPE, code: '2', display: 'System Object' },
      role: { system: OBJECT_ROLE, code: '3', display: 'Report' },
      detail: [
        { type: 'Repository Unique ID', valueString: repositoryUniqueId },
        ...(content === undefined ? [] : [{ type: 'New Document Unique ID', valueString: content }]),
        { type: 'Request Digest', valueString: event.requestDigest },
        ...(event.basis === undefined ? [] : [{ type: 'Basis', valueString: event.basis }]),
        ...(event.standing === undefined ? [] : [{ type: 'Ledger View', valueString: event.standing }]),
        ...(event.bytes === undefined ? [] : [{ type: 'Bytes', valueString: String(event.bytes) }]),
      ],
    })),
  };
}

function kindOf({ transaction, side }: AuditEvent): object {
  const display = TRANSACTION_NAMES[transaction];
  if (transaction === 'EMERGENCY') {
    const type = { system: DCM, code: '110113', display: 'Security Alert' };
    return { type, subtype: [{ system: DCM, code: '110127', display }], action: 'E' };
  }
  const subtype = [{ system: IHE_EVENT, code: transaction, display }];
  return side === 'source'
    ? { type: { system: DCM, code: '110106', display: 'Export' }, subtype, action: 'R' }
    : { type: { system: DCM, code: '110107', display: 'Import' }, subtype, action: 'C' };
}
