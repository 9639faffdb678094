/** The study as FHIR R4 resources. Spec: docs/spec/dicomweb.md, section 5. */
import { toHex } from '@radledger/primitives';
import type { OpenedStudy } from '../source/open-study.js';
import { bySeries, type NamedEntry } from './named-entries.js';
import { type NamedMetadata, textOf } from './stored-metadata.js';

const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
const CONNECTION_TYPE = 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type';

interface StudyParts {
  readonly opened: OpenedStudy;
  readonly named: readonly NamedEntry[];
  /** The first instance of each series. */
  readonly firsts: readonly NamedMetadata[];
  /** Address of the study's instances. */
  readonly url: string;
}

/** ImagingStudy, its Endpoint inside. */
export function imagingStudy(parts: StudyParts): object {
  const endpoint = { resourceType: 'Endpoint', id: 'wado', ...endpointOf(parts) };
  return { ...study(parts), contained: [endpoint], endpoint: [{ reference: '#wado' }] };
}

/**
 * The manifest by which a viewer finds every object of the study: the Bundle form of IHE MADO, with ImagingStudy, Endpoint and Patient, and
 * for each instance the SHA-256 of its data set, which the ledger's commitment covers.
 */
export function imagingManifest(parts: StudyParts): object {
  const { opened, firsts } = parts;
  const head = firsts[0]?.json ?? {};
  const patient = {
    resourceType: 'Patient',
    id: 'patient',
    ...identifierOf(textOf(head, '00100020')),
    ...nameOf(head['00100010']?.Value?.[0]),
    ...genderOf(textOf(head, '00100040')),
    ...dateOf('birthDate', textOf(head, '00100030')),
  };
  const resources = [
    {
      ...study(parts),
      subject: { reference: 'urn:radledger:patient' },
      endpoint: [{ reference: 'urn:radledger:endpoint' }],
    },
    { resourceType: 'Endpoint', id: 'endpoint', ...endpointOf(parts) },
    patient,
  ];
  return {
    resourceType: 'Bundle',
    id: toHex(opened.study.studyId),
    type: 'collection',
    identifier: { system: 'urn:radledger:content', value: toHex(opened.content) },
    entry: resources.map((resource, index) => ({
      fullUrl: ['urn:radledger:imaging-study', 'urn:radledger:endpoint', 'urn:radledger:patient'][index],
      resource,
    })),
  };
}

function study({ opened, named, firsts }: StudyParts) {
  const { plan, study: record } = opened;
  const head = firsts[0]?.json ?? {};
  const modalities = [
    ...new Set(firsts.map(({ json }) => textOf(json, '00080060')).filter((one) => one !== undefined)),
  ];
  return {
    resourceType: 'ImagingStudy',
    id: toHex(record.studyId),
    meta: { versionId: toHex(opened.content) },
    identifier: [{ system: 'urn:dicom:uid', value: `urn:oid:${plan.studyInstanceUid}` }],
    status: 'available',
    ...(modalities.length === 0 ? {} : { modality: modalities.map((code) => ({ system: DCM, code })) }),
    // Who she is stands in the metadata; on the ledger she is her key.
    subject: ownerOf(record.claim?.ownerKey),
    // A time has a zone in FHIR, and none in most archives: the date alone is what is known.
    ...dateOf('started', textOf(head, '00080020')),
    ...descriptionOf(textOf(head, '00081030')),
    numberOfSeries: firsts.length,
    numberOfInstances: named.length,
    series: bySeries(named).map((entries, index) => seriesOf(entries, firsts[index])),
  };
}

function seriesOf(entries: readonly NamedEntry[], first: NamedMetadata | undefined) {
  const json = first?.json ?? {};
  return {
    uid: entries[0]?.entry.seriesInstanceUid,
    ...numberOf(textOf(json, '00200011')),
    modality: { system: DCM, code: textOf(json, '00080060') ?? 'OT' },
    ...descriptionOf(textOf(json, '0008103E')),
    numberOfInstances: entries.length,
    instance: entries.map(({ entry }) => ({
      extension: [{ url: 'urn:radledger:data-set-sha256', valueString: toHex(entry.dataSetSha256) }],
      uid: entry.sopInstanceUid,
      sopClass: { system: 'urn:ietf:rfc:3986', code: `urn:oid:${entry.sopClassUid}` },
      ...(entry.instanceNumber === undefined ? {} : { number: entry.instanceNumber }),
    })),
  };
}

function endpointOf({ url }: StudyParts) {
  return {
    status: 'active',
    connectionType: { system: CONNECTION_TYPE, code: 'dicom-wado-rs' },
    payloadType: [{ text: 'DICOM' }],
    payloadMimeType: ['application/dicom'],
    // Of this one study: its names of series and instances are not their UIDs.
    address: url,
  };
}

function ownerOf(ownerKey: Uint8Array | undefined) {
  return ownerKey === undefined
    ? { display: 'the owner of the study' }
    : { identifier: { system: 'urn:radledger:owner', value: toHex(ownerKey) } };
}

function identifierOf(value: string | undefined): object {
  return value === undefined ? {} : { identifier: [{ value }] };
}

function nameOf(value: unknown): object {
  const text = (value as { readonly Alphabetic?: string } | null | undefined)?.Alphabetic;
  if (text === undefined) return {};
  const [family, given] = text.split('^');
  return { name: [{ ...(family ? { family } : {}), ...(given ? { given: [given] } : {}) }] };
}

function genderOf(sex: string | undefined): object {
  const gender = { M: 'male', F: 'female', O: 'other' }[sex ?? ''];
  return gender === undefined ? {} : { gender };
}

function dateOf(name: string, date: string | undefined): object {
  const [, year, month, day] = /^(\d{4})(\d{2})(\d{2})$/.exec(date ?? '') ?? [];
  return year === undefined ? {} : { [name]: `${year}-${month}-${day}` };
}

function descriptionOf(description: string | undefined): object {
  return description === undefined ? {} : { description };
}

function numberOf(number: string | undefined): object {
  return number !== undefined && /^\d{1,9}$/.test(number) ? { number: Number(number) } : {};
}
