/** An archive that speaks DICOMweb, as a PACS connector and as a sink. Spec: DICOM PS3.18. */
import { createHash } from 'node:crypto';
import {
  type FiledStudy,
  ImagingError,
  INSTANCES_MAX,
  type PacsConnector,
  type QuarantinedInstance,
  type QuarantinedStudy,
  type StudySink,
  type StudySnapshot,
  type StudySummary,
} from '@radledger/imaging';
import { equalBytes } from '@radledger/primitives';
import { type ArchiveHttp, type ArchiveHttpOptions, createArchiveHttp } from './archive-http.js';
import { countOf, matchesOf, requireUid, TAGS, textOf } from './qido.js';
import { storeInstances } from './stow.js';
import { type InstanceAddress, instanceBytes } from './wado.js';

export type DicomwebArchiveOptions = ArchiveHttpOptions;

export interface DicomwebArchive extends PacsConnector, StudySink {
  /**
   * Files a study by STOW-RS and reads every instance back: it is filed when the archive gives each byte again.
   * DICOMweb knows no transaction: what an archive took before it broke off stays in it until the next try completes the study.
   * @throws {ImagingError} `FILING_INCOMPLETE` when the archive refused instances or holds others under their UIDs |
   *   `ARCHIVE_UNAVAILABLE` | `ARCHIVE_REFUSED` | `ARCHIVE_ANSWER_INVALID` | `QUARANTINE_CHANGED`
   */
  fileStudy(study: QuarantinedStudy): Promise<FiledStudy>;
  /** Ends every connection. */
  close(): Promise<void>;
}

/**
 * Opens nothing yet: the first call connects.
 * @throws {TypeError} for a `baseUrl` that is none; its methods throw {ImagingError}, as the contract says
 */
export function createDicomwebArchive(options: DicomwebArchiveOptions): DicomwebArchive {
  const http = createArchiveHttp(options);
  return {
    async *listStudies(): AsyncGenerator<StudySummary> {
      const path = `/studies?includefield=${TAGS.studyInstances}`;
      for await (const match of matchesOf(http, path, TAGS.studyInstanceUid)) {
        const studyInstanceUid = textOf(match, TAGS.studyInstanceUid) ?? '';
        yield { studyInstanceUid, instances: countOf(match, TAGS.studyInstances) ?? 0 };
      }
    },
    openStudy: (studyInstanceUid) => openStudy(http, studyInstanceUid),
    async fileStudy(study) {
      const location = `${http.root}/studies/${study.studyInstanceUid}`;
      if ((await lacking(http, study)).length === 0) return { location, written: false };
      await storeInstances(http, study.studyInstanceUid, study.instances);
      const missing = (await lacking(http, study)).length;
      if (missing === 0) return { location, written: true };
      const message = 'the archive refused instances, or holds others under their UIDs: look at its log';
      throw new ImagingError({ code: 'FILING_INCOMPLETE', missing }, message);
    },
    close: () => http.close(),
  };
}

async function addressesOf(http: ArchiveHttp, studyInstanceUid: string): Promise<readonly InstanceAddress[]> {
  requireUid(studyInstanceUid, '0020,000d');
  const found: InstanceAddress[] = [];
  const path = `/studies/${studyInstanceUid}/instances?includefield=${TAGS.seriesInstanceUid}`;
  for await (const match of matchesOf(http, path, TAGS.sopInstanceUid)) {
    if (found.length === INSTANCES_MAX) {
      const info = { code: 'TOO_MANY_INSTANCES', instancesMax: INSTANCES_MAX } as const;
      throw new ImagingError(info, `expected at most ${INSTANCES_MAX} instances`);
    }
    found.push({
      studyInstanceUid,
      seriesInstanceUid: requireUid(textOf(match, TAGS.seriesInstanceUid) ?? '', '0020,000e'),
      sopInstanceUid: requireUid(textOf(match, TAGS.sopInstanceUid) ?? '', '0008,0018'),
    });
  }
  return found;
}

async function openStudy(http: ArchiveHttp, studyInstanceUid: string): Promise<StudySnapshot> {
  const addresses = await addressesOf(http, studyInstanceUid);
  if (addresses.length === 0) throw new ImagingError({ code: 'STUDY_NOT_FOUND' }, 'the archive has no such study');
  let isClosed = false;
  return {
    studyInstanceUid,
    instances: addresses.map((address, index) => ({
      sopInstanceUid: address.sopInstanceUid,
      open() {
        if (isClosed) throw new ImagingError({ code: 'INSTANCE_CHANGED', index }, 'the snapshot is closed');
        return instanceBytes(http, address, index);
      },
    })),
    async close() {
      isClosed = true;
    },
  };
}

/** The instances that the archive does not give back byte for byte. */
async function lacking(http: ArchiveHttp, study: QuarantinedStudy): Promise<readonly QuarantinedInstance[]> {
  const held = new Map(
    (await addressesOf(http, study.studyInstanceUid)).map((address, index) => [
      address.sopInstanceUid,
      { address, index },
    ]),
  );
  const missing: QuarantinedInstance[] = [];
  for (const instance of study.instances) {
    const found = held.get(instance.sopInstanceUid);
    if (found === undefined || !(await isHeld(http, found.address, found.index, instance))) missing.push(instance);
  }
  return missing;
}

async function isHeld(
  http: ArchiveHttp,
  address: InstanceAddress,
  index: number,
  instance: QuarantinedInstance,
): Promise<boolean> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of instanceBytes(http, address, index)) {
    bytes += chunk.length;
    if (bytes > instance.sizeBytes) return false;
    hash.update(chunk);
  }
  return bytes === instance.sizeBytes && equalBytes(hash.digest(), instance.sha256);
}
