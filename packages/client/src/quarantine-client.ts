/** Studies that wait in a gateway's quarantine for a person. Spec: docs/spec/gateway-api.md, section 2. */
import type { Http } from './http.js';
import { JsonReader } from './json-reader.js';

interface CallOptions {
  readonly signal?: AbortSignal;
}

/** A patient of the practice's own archive. */
export interface LocalPatient {
  /** DICOM form, `Family^Given`. */
  readonly name: string;
  readonly id: string;
  readonly issuer?: string;
  /** `YYYYMMDD`. */
  readonly birthDate?: string;
  readonly sex?: 'M' | 'F' | 'O';
}

/** A patient as the images name her; `''` for what they do not say. */
export interface SentPatient {
  readonly name: string;
  readonly id: string;
  readonly issuer: string;
  readonly birthDate: string;
  readonly sex: string;
}

/** A study that waits. Holds patient data. */
export interface WaitingStudy {
  readonly retrievalId: string;
  /** `matching` \| `filing` \| `refused` */
  readonly state: string;
  readonly code: string | null;
  readonly source: Uint8Array;
  readonly studyId: Uint8Array;
  readonly label: string;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly bytes: number;
  readonly description: string;
  readonly patients: readonly (SentPatient & { readonly differences: readonly string[] | null })[];
  readonly requested: LocalPatient | null;
}

export interface DescribedInstance {
  readonly sizeBytes: number;
  readonly sopClassUid: string | null;
  readonly transferSyntaxUid: string | null;
  readonly modality: string | null;
  readonly seriesDescription: string | null;
  readonly code: string | null;
}

export interface StudyDescription {
  readonly patients: readonly SentPatient[];
  readonly description: string;
  readonly date: string;
  readonly instanceCount: number;
  readonly instances: readonly DescribedInstance[];
}

export interface QuarantineClient {
  /** Every study that waits, oldest first. */
  list(options?: CallOptions): Promise<readonly WaitingStudy[]>;
  /** What its first 1,000 instances say, without their pixels. */
  inspect(retrievalId: string, options?: CallOptions): Promise<StudyDescription>;
  /** Files a study under a patient of the practice, or under the one that it came with. */
  file(retrievalId: string, patient: LocalPatient | 'as-sent', options?: CallOptions): Promise<void>;
  /** Erases a study; it can be fetched again. */
  discard(retrievalId: string, options?: CallOptions): Promise<void>;
}

export function createQuarantineClient(http: Http): QuarantineClient {
  const pathOf = (retrievalId: string): string => `/v1/quarantine/${encodeURIComponent(retrievalId)}`;
  return {
    async list({ signal } = {}) {
      return new JsonReader(await http.json('/v1/quarantine', { signal })).list('studies', readWaiting);
    },
    async inspect(retrievalId, { signal } = {}) {
      const reader = new JsonReader(await http.json(pathOf(retrievalId), { signal }));
      return {
        patients: reader.list('patients', (item, path) => readSentPatient(new JsonReader(item, path))),
        description: reader.string('description'),
        date: reader.string('date'),
        instanceCount: reader.integer('instanceCount'),
        instances: reader.list('instances', readInstance),
      };
    },
    async file(retrievalId, patient, { signal } = {}) {
      await http.json(`${pathOf(retrievalId)}/file`, { method: 'POST', body: { patient }, signal });
    },
    async discard(retrievalId, { signal } = {}) {
      await http.json(`${pathOf(retrievalId)}/discard`, { method: 'POST', body: {}, signal });
    },
  };
}

function readWaiting(item: unknown, path: string): WaitingStudy {
  const reader = new JsonReader(item, path);
  return {
    retrievalId: reader.string('retrievalId', 128),
    state: reader.string('state', 64),
    code: reader.stringOrNull('code', 64),
    source: reader.bytes('source', 32),
    studyId: reader.bytes('studyId', 32),
    label: reader.string('label', 512),
    sinceMs: reader.integer('sinceMs'),
    untilMs: reader.integer('untilMs'),
    bytes: reader.integer('bytes'),
    description: reader.string('description'),
    patients: reader.list('patients', readCompared),
    requested: reader.isAbsent('requested') ? null : readLocalPatient(reader.object('requested')),
  };
}

function readCompared(item: unknown, path: string): WaitingStudy['patients'][number] {
  const reader = new JsonReader(item, path);
  const differences = reader.isAbsent('differences')
    ? null
    : reader.list('differences', (one, at) => new JsonReader({ one }, at).string('one', 64));
  return { ...readSentPatient(reader), differences };
}

function readSentPatient(reader: JsonReader): SentPatient {
  return {
    name: reader.string('name'),
    id: reader.string('id'),
    issuer: reader.string('issuer'),
    birthDate: reader.string('birthDate'),
    sex: reader.string('sex'),
  };
}

function readLocalPatient(reader: JsonReader): LocalPatient {
  const { name, id, issuer, birthDate, sex } = {
    name: reader.string('name'),
    id: reader.string('id'),
    issuer: reader.stringOrNull('issuer'),
    birthDate: reader.stringOrNull('birthDate'),
    sex: reader.stringOrNull('sex', 1),
  };
  return {
    name,
    id,
    ...(issuer === null ? {} : { issuer }),
    ...(birthDate === null ? {} : { birthDate }),
    ...(sex === 'M' || sex === 'F' || sex === 'O' ? { sex } : {}),
  };
}

function readInstance(item: unknown, path: string): DescribedInstance {
  const reader = new JsonReader(item, path);
  return {
    sizeBytes: reader.integer('sizeBytes'),
    sopClassUid: reader.stringOrNull('sopClassUid', 64),
    transferSyntaxUid: reader.stringOrNull('transferSyntaxUid', 64),
    modality: reader.stringOrNull('modality'),
    seriesDescription: reader.stringOrNull('seriesDescription'),
    code: reader.stringOrNull('code', 64),
  };
}
