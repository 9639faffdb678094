/** An archive that speaks DICOMweb, as a PACS connector and as a sink. Spec: DICOM PS3.18. */
import { createHash } from 'node:crypto';
import {
  type Accession,
  accessionOf,
  fileByInstance,
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
import { type ArchiveHttp, type ArchiveHttpOptions, CONNECTIONS_MAX, createArchiveHttp } from './archive-http.js';
import { countOf, isUid, itemOf, type Match, matchesOf, requireUid, TAGS, textOf } from './qido.js';
import { storeInstances } from './stow.js';
import { type InstanceAddress, instanceBytes } from './wado.js';

export type DicomwebArchiveOptions = ArchiveHttpOptions;

export interface DicomwebArchive extends PacsConnector, StudySink {
  /**
   * Files a study by STOW-RS: sends what the archive does not have, and reads it back. It is filed when the archive gives each byte
   * again. DICOMweb knows no transaction: what an archive took before it broke off stays in it until the next try completes
   * the study.
   * @throws {ImagingError} `STUDY_CONFLICT` when the archive holds other bytes under a UID of the study: nothing is sent then |
   *   `FILING_INCOMPLETE` when it refused instances, or changed them | `ARCHIVE_UNAVAILABLE` | `ARCHIVE_REFUSED` | `ARCHIVE_ANSWER_INVALID` | `QUARANTINE_CHANGED`
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
    // One is left for publishing; questions have connections of their own.
    readsMax: Math.max(1, (options.connectionsMax ?? CONNECTIONS_MAX) - 1),
    async *listStudies(): AsyncGenerator<StudySummary> {
      const path = `/studies?includefield=${TAGS.studyInstances}&includefield=${TAGS.accessionIssuer}`;
      for await (const match of matchesOf(http, path, TAGS.studyInstanceUid)) {
        const studyInstanceUid = textOf(match, TAGS.studyInstanceUid) ?? '';
        // What cannot stand in an address can never be opened.
        if (!isUid(studyInstanceUid)) continue;
        const accession = accessionIn(match);
        yield {
          studyInstanceUid,
          instances: countOf(match, TAGS.studyInstances) ?? 0,
          ...(accession && { accession }),
        };
      }
    },
    async hasStudy(studyInstanceUid) {
      requireUid(studyInstanceUid, '0020,000d');
      const path = `/studies?StudyInstanceUID=${studyInstanceUid}`;
      for await (const match of matchesOf(http, path, TAGS.studyInstanceUid)) {
        if (textOf(match, TAGS.studyInstanceUid) === studyInstanceUid) return true;
      }
      return false;
    },
    openStudy: (studyInstanceUid) => openStudy(http, studyInstanceUid),
    async fileStudy(study) {
      const { studyInstanceUid } = study;
      return fileByInstance(study, {
        location: `${http.root}/studies/${studyInstanceUid}`,
        list: () => addressesOf(http, studyInstanceUid),
        isHeld: (address, index, instance) => isHeld(http, address, index, instance),
        store: (instances) => storeInstances(http, studyInstanceUid, instances),
      });
    },
    close: () => http.close(),
  };
}

/** The order that a study was made for: the accession number is one of the attributes that every archive tells. */
function accessionIn(match: Match): Accession | undefined {
  const issuer = itemOf(match, TAGS.accessionIssuer) ?? {};
  const name = textOf(issuer, TAGS.universalId) ?? textOf(issuer, TAGS.localNamespace) ?? '';
  return accessionOf((textOf(match, TAGS.accessionNumber) ?? '').trim(), name.trim());
}

async function addressesOf(http: ArchiveHttp, studyInstanceUid: string): Promise<readonly InstanceAddress[]> {
  requireUid(studyInstanceUid, '0020,000d');
  const found = new Map<string, InstanceAddress>();
  const path = `/studies/${studyInstanceUid}/instances?includefield=${TAGS.seriesInstanceUid}`;
  // In two series it is two instances, and refused below.
  const identityOf = (match: Match): string =>
    `${textOf(match, TAGS.seriesInstanceUid)} ${textOf(match, TAGS.sopInstanceUid)}`;
  for await (const match of matchesOf(http, path, TAGS.sopInstanceUid, identityOf)) {
    if (found.size === INSTANCES_MAX) {
      const info = { code: 'TOO_MANY_INSTANCES', instancesMax: INSTANCES_MAX } as const;
      throw new ImagingError(info, `expected at most ${INSTANCES_MAX} instances`);
    }
    const sopInstanceUid = requireUid(textOf(match, TAGS.sopInstanceUid) ?? '', '0008,0018');
    if (found.has(sopInstanceUid)) {
      throw new ImagingError({ code: 'DUPLICATE_INSTANCE' }, 'the archive names an instance of the study twice');
    }
    const seriesInstanceUid = requireUid(textOf(match, TAGS.seriesInstanceUid) ?? '', '0020,000e');
    found.set(sopInstanceUid, { studyInstanceUid, seriesInstanceUid, sopInstanceUid });
  }
  return [...found.values()];
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
