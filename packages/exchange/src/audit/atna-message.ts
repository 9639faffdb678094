/**
 * A retrieval as an audit message of DICOM PS3.15, section A.5, in the form that IHE ITI-43 asks of each side (ITI TF-2, 3.43.6).
 * Only what has ended makes one: `begun` is the gateway's own.
 */
import { escapeAttribute } from '@radledger/iti43';
import { type AuditEntry, type AuditEvent, makesMessage, PURPOSES_OF_USE, TRANSACTION_NAMES } from './audit-event.js';

/** Who records. */
export interface AuditIdentity {
  /** AuditSourceID: names this gateway at the site, for instance its host name. */
  readonly sourceId: string;
  /** AuditEnterpriseSiteID: the site, for instance its OID. */
  readonly siteId?: string;
  /** Own process id, the AlternativeUserID that ITI-43 asks for. */
  readonly processId: number;
}

const SOURCE_ROLE = { code: '110153', system: 'DCM', text: 'Source Role ID' };
const DESTINATION_ROLE = { code: '110152', system: 'DCM', text: 'Destination Role ID' };
/** PS3.15: 4 minor failure (refused), 8 serious failure (broken off). */
const OUTCOMES = { success: '0', refused: '4', failure: '8' };

type Attributes = Readonly<Record<string, string | undefined>>;

/** @returns the XML of the message, with declaration; undefined for an event that makes none */
export function encodeAtnaMessage({ atMs, event }: AuditEntry, identity: AuditIdentity): string | undefined {
  if (!makesMessage(event)) return undefined;
  const isSource = event.side === 'source';
  const isEmergency = event.transaction === 'EMERGENCY';
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<AuditMessage>',
    element(
      'EventIdentification',
      {
        EventActionCode: isEmergency ? 'E' : isSource ? 'R' : 'C',
        EventDateTime: new Date(atMs).toISOString(),
        EventOutcomeIndicator: outcomeOf(event),
      },
      [
        ...(isEmergency
          ? [
              coded('EventID', '110113', 'DCM', 'Security Alert'),
              coded('EventTypeCode', '110127', 'DCM', TRANSACTION_NAMES.EMERGENCY),
            ]
          : [
              isSource ? coded('EventID', '110106', 'DCM', 'Export') : coded('EventID', '110107', 'DCM', 'Import'),
              coded('EventTypeCode', event.transaction, 'IHE Transactions', TRANSACTION_NAMES[event.transaction]),
            ]),
        ...(event.code === undefined
          ? []
          : [`<EventOutcomeDescription>${escapeAttribute(event.code)}</EventOutcomeDescription>`]),
        ...purposeOf(event),
      ],
    ),
    ...participants(event, identity),
    element('AuditSourceIdentification', { AuditEnterpriseSiteID: identity.siteId, AuditSourceID: identity.sourceId }, [
      empty('AuditSourceTypeCode', { 'csd-code': '4' }),
    ]),
    ...event.documents.map((document) =>
      element(
        'ParticipantObjectIdentification',
        {
          ParticipantObjectID: document.documentUniqueId,
          ParticipantObjectTypeCode: '2',
          ParticipantObjectTypeCodeRole: '3',
        },
        [
          coded('ParticipantObjectIDTypeCode', '9', 'RFC-3881', 'Report Number'),
          detail('Repository Unique ID', document.repositoryUniqueId),
          ...(document.content === undefined ? [] : [detail('New Document Unique ID', document.content)]),
          detail('Request Digest', event.requestDigest),
          ...(event.basis === undefined ? [] : [detail('Basis', event.basis)]),
          ...(event.standing === undefined ? [] : [detail('Ledger View', event.standing)]),
          ...(event.bytes === undefined ? [] : [detail('Bytes', String(event.bytes))]),
        ],
      ),
    ),
    '</AuditMessage>',
  ].join('');
}

function purposeOf({ basis }: AuditEvent): readonly string[] {
  if (basis === undefined) return [];
  const { code, display } = PURPOSES_OF_USE[basis];
  return [coded('PurposeOfUse', code, '2.16.840.1.113883.5.8', display)];
}

function outcomeOf({ phase, outcome }: AuditEvent): string {
  return phase === 'refused' ? OUTCOMES.refused : OUTCOMES[outcome];
}

/** The source's endpoint is its UserID on both sides, the reader's is its key: a synchronous consumer has no endpoint. */
function participants(event: AuditEvent, { processId }: AuditIdentity): readonly string[] {
  const isSource = event.side === 'source';
  const peer: Attributes =
    event.peerAddress === undefined ? {} : { NetworkAccessPointID: event.peerAddress, NetworkAccessPointTypeCode: '2' };
  const own: Attributes = { AlternativeUserID: String(processId) };
  return [
    element(
      'ActiveParticipant',
      { UserID: event.endpointUrl, ...(isSource ? own : {}), UserIsRequestor: 'false', ...(isSource ? {} : peer) },
      [coded('RoleIDCode', SOURCE_ROLE.code, SOURCE_ROLE.system, SOURCE_ROLE.text)],
    ),
    element(
      'ActiveParticipant',
      {
        UserID: event.reader,
        ...(isSource ? {} : own),
        UserIsRequestor: 'true',
        ...(isSource ? peer : {}),
      },
      [coded('RoleIDCode', DESTINATION_ROLE.code, DESTINATION_ROLE.system, DESTINATION_ROLE.text)],
    ),
  ];
}

function coded(name: string, code: string, codeSystemName: string, originalText: string): string {
  return empty(name, { 'csd-code': code, codeSystemName, originalText });
}

/** The value in base64, as PS3.15 has it. */
function detail(type: string, value: string): string {
  return empty('ParticipantObjectDetail', { type, value: Buffer.from(value, 'utf8').toString('base64') });
}

function element(name: string, attributes: Attributes, content: readonly string[]): string {
  return `<${name}${attributesOf(attributes)}>${content.join('')}</${name}>`;
}

function empty(name: string, attributes: Attributes): string {
  return `<${name}${attributesOf(attributes)}/>`;
}

function attributesOf(attributes: Attributes): string {
  return Object.entries(attributes)
    .flatMap(([name, value]) => (value === undefined ? [] : [` ${name}="${escapeAttribute(value)}"`]))
    .join('');
}
