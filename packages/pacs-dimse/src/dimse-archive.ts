/** An archive that speaks DIMSE, as a PACS connector and as a sink. Spec: DICOM PS3.4, PS3.7 and PS3.8. */
import {
  accessionOf,
  fileByInstance,
  DEFAULT_INSTANCE_LIMITS,
  type FiledStudy,
  ImagingError,
  inspectInstance,
  INSTANCES_MAX,
  type PacsConnector,
  type QuarantinedInstance,
  type QuarantinedStudy,
  type StudySink,
  type StudySnapshot,
  type StudySummary,
} from '@radledger/imaging';
import { equalBytes } from '@radledger/primitives';
import type { DimsePeer } from './association.js';
import { AssociationPool, type Purpose } from './association-pool.js';
import { accessionIn, find, type InstanceAddress, instancesOf, ISSUER_KEYS, requireUid } from './find.js';
import { type Identifier, TAGS } from './identifier.js';
import { getInstance, moveInstance } from './retrieve.js';
import type { StorageReceiver } from './storage-receiver.js';
import { storeInstances } from './store.js';
import { contextsOf, IMPLICIT_LITTLE_ENDIAN, STUDY_ROOT_FIND } from './syntaxes.js';

export interface DimseArchiveOptions extends Omit<DimsePeer, 'timeoutMs' | 'signal'> {
  /** Longest silence of the archive, in ms; default 60 000. */
  readonly timeoutMs?: number;
  /** Associations at a time; default 4, one of them not for readers. */
  readonly associationsMax?: number;
  /** Largest instance in bytes; default 4 GiB. */
  readonly instanceBytesMax?: number;
  /** Retrieve by C-MOVE to this receiver, which the archive must know by its AE title; default C-GET. */
  readonly moveTo?: StorageReceiver;
  /**
   * When a study counts as filed: `bytes`, when the archive gives each data set back byte for byte; `listed`, when it
   * took each instance and lists it, for archives that re-encode what they are given or have no retrieval. Default `bytes`.
   */
  readonly filingCheck?: 'bytes' | 'listed';
}

export interface DimseArchive extends PacsConnector, StudySink {
  /**
   * Files a study by C-STORE. DIMSE knows no transaction: what an archive took before it broke off stays in it until
   * the next try completes the study.
   * @throws {ImagingError} `STUDY_CONFLICT` when the archive holds other data sets under UIDs of the study: nothing is sent then |
   *   `FILING_INCOMPLETE` when it does not take some instances as they are, or does not give them back | `ARCHIVE_UNAVAILABLE` | `ARCHIVE_REFUSED` | `ARCHIVE_ANSWER_INVALID` | `QUARANTINE_CHANGED`
   */
  fileStudy(study: QuarantinedStudy): Promise<FiledStudy>;
  /** Ends every association; the receiver of C-MOVE is closed by who opened it. */
  close(): Promise<void>;
}

const AE_TITLE = /^[\x21-\x5b\x5d-\x7e](?:[\x20-\x5b\x5d-\x7e]{0,14}[\x21-\x5b\x5d-\x7e])?$/;
const FINDING: Purpose = {
  key: 'find',
  contexts: contextsOf([{ abstractSyntax: STUDY_ROOT_FIND, transferSyntax: IMPLICIT_LITTLE_ENDIAN }]),
};

/**
 * Opens nothing yet: the first call connects.
 * @throws {TypeError} for an AE title that is none; its methods throw {ImagingError}, as the contract says
 */
export function createDimseArchive(options: DimseArchiveOptions): DimseArchive {
  const { host, port, calledAeTitle, callingAeTitle, tls, timeoutMs = 60_000, moveTo } = options;
  const { associationsMax = 4, filingCheck = 'bytes' } = options;
  const { instanceBytesMax = DEFAULT_INSTANCE_LIMITS.instanceBytesMax } = options;
  for (const title of [calledAeTitle, callingAeTitle]) {
    if (!AE_TITLE.test(title)) throw new TypeError('an AE title has 1 to 16 printable characters, no backslash');
  }
  const peer: DimsePeer = { host, port, calledAeTitle, callingAeTitle, timeoutMs, ...(tls && { tls }) };
  const pool = new AssociationPool(peer, associationsMax);
  const bytesOf = (address: InstanceAddress, index: number): AsyncIterable<Uint8Array> =>
    moveTo === undefined
      ? getInstance(pool, address, index, { instanceBytesMax })
      : moveInstance(pool, moveTo, address, index);

  const addressesOf = async (studyInstanceUid: string): Promise<readonly InstanceAddress[]> => {
    const association = await pool.acquire(FINDING);
    try {
      const found: InstanceAddress[] = [];
      for await (const address of instancesOf(association, studyInstanceUid)) {
        if (found.length === INSTANCES_MAX) {
          const info = { code: 'TOO_MANY_INSTANCES', instancesMax: INSTANCES_MAX } as const;
          throw new ImagingError(info, `expected at most ${INSTANCES_MAX} instances`);
        }
        found.push(address);
      }
      return found;
    } finally {
      pool.give(association);
    }
  };

  /** Whether the archive gives back the very data set that it was given. */
  const isHeld = async (address: InstanceAddress, index: number, instance: QuarantinedInstance): Promise<boolean> => {
    const own = await inspectInstance(instance.open(), { instanceBytesMax });
    const { sopClassUid } = instance;
    const held = await inspectInstance(bytesOf({ ...address, sopClassUid }, index), { instanceBytesMax });
    return held.transferSyntaxUid === own.transferSyntaxUid && equalBytes(held.dataSetSha256, own.dataSetSha256);
  };

  return {
    // One is left for listing and publishing.
    readsMax: Math.max(1, associationsMax - 1),
    async *listStudies(): AsyncGenerator<StudySummary> {
      const association = await pool.acquire(FINDING);
      try {
        const query: Identifier = new Map<number, string | Identifier>([
          [TAGS.accessionNumber, ''],
          [TAGS.accessionIssuer, ISSUER_KEYS],
          [TAGS.queryRetrieveLevel, 'STUDY'],
          [TAGS.studyInstanceUid, ''],
          [TAGS.studyInstances, ''],
        ]);
        for await (const match of find(association, query, TAGS.studyInstanceUid)) {
          const count = Number(match.text(TAGS.studyInstances));
          const instances = Number.isSafeInteger(count) && count >= 0 ? count : 0;
          const accession = accessionOf(...accessionIn(match));
          yield { studyInstanceUid: match.text(TAGS.studyInstanceUid), instances, ...(accession && { accession }) };
        }
      } finally {
        pool.give(association);
      }
    },
    async hasStudy(studyInstanceUid) {
      const association = await pool.acquire(FINDING);
      try {
        const query = new Map([
          [TAGS.queryRetrieveLevel, 'STUDY'],
          [TAGS.studyInstanceUid, requireUid(studyInstanceUid, TAGS.studyInstanceUid)],
        ]);
        let isThere = false;
        for await (const match of find(association, query, TAGS.studyInstanceUid)) {
          isThere ||= match.text(TAGS.studyInstanceUid) === studyInstanceUid;
        }
        return isThere;
      } finally {
        pool.give(association);
      }
    },
    async openStudy(studyInstanceUid) {
      const addresses = await addressesOf(studyInstanceUid);
      if (addresses.length === 0) throw new ImagingError({ code: 'STUDY_NOT_FOUND' }, 'the archive has no such study');
      return snapshotOf(studyInstanceUid, addresses, bytesOf);
    },
    async fileStudy(study) {
      const { studyInstanceUid } = study;
      return fileByInstance(study, {
        location: `dicom://${host}:${port}/${calledAeTitle}/studies/${studyInstanceUid}`,
        list: () => addressesOf(studyInstanceUid),
        isHeld: async (address, index, instance) =>
          filingCheck === 'listed' || (await isHeld(address, index, instance)),
        store: (instances) => storeInstances(peer, instances),
      });
    },
    close: () => pool.close(),
  };
}

function snapshotOf(
  studyInstanceUid: string,
  addresses: readonly InstanceAddress[],
  bytesOf: (address: InstanceAddress, index: number) => AsyncIterable<Uint8Array>,
): StudySnapshot {
  let isClosed = false;
  return {
    studyInstanceUid,
    instances: addresses.map((address, index) => ({
      sopInstanceUid: address.sopInstanceUid,
      open() {
        if (isClosed) throw new ImagingError({ code: 'INSTANCE_CHANGED', index }, 'the snapshot is closed');
        return bytesOf(address, index);
      },
    })),
    async close() {
      isClosed = true;
    },
  };
}
