/** What a person is shown of a study that waits for a word: who and what, never a pixel. Called in a worker. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ImagingError } from './errors.js';
import { memberBytes, ZIP_NAME } from './file-set-judge.js';
import { openFileSetZip } from './file-set-zip.js';
import type { JudgedInstance } from './instance-judge.js';
import { inspectHead } from './instance-inspector.js';
import type { ImportLimits } from './limits.js';
import type { DicomJson } from './metadata/data-set-json.js';
import { readMetadata } from './metadata/instance-metadata.js';
import { rangeOf } from './quarantine-disk.js';
import { INSTANCE_FILE } from './study-intake.js';

/** Most instances that are read. */
const DESCRIBED_MAX = 1_000;
/** Most patients and headings that are told. */
const DISTINCT_MAX = 8;
const TEXT_LENGTH_MAX = 200;

/** A patient as an instance names it; `''` for what it does not say. */
export interface SentPatient {
  readonly name: string;
  readonly id: string;
  readonly issuer: string;
  /** `YYYYMMDD`, when the sender kept to the standard. */
  readonly birthDate: string;
  readonly sex: string;
}

export interface DescribedInstance {
  readonly sizeBytes: number;
  readonly sopClassUid?: string;
  readonly transferSyntaxUid?: string;
  readonly modality?: string;
  readonly seriesDescription?: string;
  /** Why nothing can be said of it. */
  readonly code?: string;
}

export interface StudyDescription {
  /** Each patient that an instance names, once; more than one is a study that somebody mixed. At most 8. */
  readonly patients: readonly SentPatient[];
  /** Study Description and Study Date of the first instance that can be read. */
  readonly description: string;
  readonly date: string;
  /** How many instances there are, and the first 1,000 of them. */
  readonly instanceCount: number;
  readonly instances: readonly DescribedInstance[];
}

export interface DescribeTask {
  /** A quarantine's folder. */
  readonly folder: string;
  readonly receivedBytes: number;
  readonly limits: ImportLimits;
  /** Those that passed; undefined of a study that was refused: what arrived is read. */
  readonly instances: readonly JudgedInstance[] | undefined;
}

interface Readable {
  readonly sizeBytes: number;
  open(): AsyncIterable<Uint8Array>;
}

/** @throws {ImagingError} as `importFileSet`, for the directory of a ZIP that was refused and came alone */
export async function describeStudy({ folder, limits, instances }: DescribeTask): Promise<StudyDescription> {
  if (instances !== undefined) {
    const judged = instances.map(({ facts: { sizeBytes }, place }) => ({
      sizeBytes,
      open: () => rangeOf(join(folder, place.file), place.offset, sizeBytes),
    }));
    return describe(judged, limits);
  }
  const files = await arrivedFiles(folder);
  const path = join(folder, ZIP_NAME);
  const zipBytes = await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
  if (zipBytes === 0) return describe(files, limits);
  try {
    const { zip, members } = await openFileSetZip(path, zipBytes, limits);
    try {
      const entries = members.map((member) => ({
        sizeBytes: member.entry.uncompressedSize,
        open: () => memberBytes(zip, member),
      }));
      return await describe([...entries, ...files], limits);
    } finally {
      zip.close();
    }
  } catch (error) {
    // Half a ZIP of a try that broke off, before the instances came by themselves.
    if (error instanceof ImagingError && files.length > 0) return describe(files, limits);
    throw error;
  }
}

async function arrivedFiles(folder: string): Promise<readonly Readable[]> {
  const names = (await readdir(folder)).filter((name) => INSTANCE_FILE.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const { size: sizeBytes } = await stat(path);
      return { sizeBytes, open: () => rangeOf(path, 0, sizeBytes) };
    }),
  );
}

async function describe(files: readonly Readable[], limits: ImportLimits): Promise<StudyDescription> {
  const patients = new Map<string, SentPatient>();
  const instances: DescribedInstance[] = [];
  let first: DicomJson | undefined;
  for (const file of files.slice(0, DESCRIBED_MAX)) {
    const { sizeBytes } = file;
    try {
      const header = await inspectHead(file.open(), limits);
      const json = await readMetadata(file.open());
      first ??= json;
      const patient = patientOf(json);
      if (patients.size < DISTINCT_MAX) patients.set(JSON.stringify(patient), patient);
      const { sopClassUid, transferSyntaxUid } = header === 'DICOMDIR' ? {} : header;
      instances.push({
        sizeBytes,
        ...(sopClassUid && transferSyntaxUid ? { sopClassUid, transferSyntaxUid } : {}),
        modality: textIn(json, '00080060'),
        seriesDescription: textIn(json, '0008103E'),
      });
    } catch (error) {
      if (!(error instanceof ImagingError)) throw error;
      instances.push({ sizeBytes, code: error.code });
    }
  }
  return {
    patients: [...patients.values()],
    description: first === undefined ? '' : textIn(first, '00081030'),
    date: first === undefined ? '' : textIn(first, '00080020'),
    instanceCount: files.length,
    instances,
  };
}

function patientOf(json: DicomJson): SentPatient {
  return {
    name: textIn(json, '00100010'),
    id: textIn(json, '00100020'),
    issuer: textIn(json, '00100021'),
    birthDate: textIn(json, '00100030'),
    sex: textIn(json, '00100040'),
  };
}

/** The first value of an element as one line; of a name its alphabetic form. */
function textIn(json: DicomJson, tag: string): string {
  const [value] = json[tag]?.Value ?? [];
  const text = typeof value === 'object' && value !== null ? (value as { Alphabetic?: unknown }).Alphabetic : value;
  return typeof text === 'string'
    ? text
        .replaceAll(/\p{Cc}/gu, ' ')
        .trim()
        .slice(0, TEXT_LENGTH_MAX)
    : '';
}
