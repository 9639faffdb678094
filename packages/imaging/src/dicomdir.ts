/** Writes the DICOMDIR of a file-set (PS3.3, Annex F; PS3.10, section 8). Spec: docs/spec/file-set.md, section 4.2. */
import { createHash } from 'node:crypto';
import { concatBytes, utf8 } from '@radledger/primitives';
import { element, item, textElement, uint16, uint32 } from './dicom-element.js';
import { type DirectorySource, leafKeys, patientKeys, recordTypeOf, seriesKeys, studyKeys } from './directory-keys.js';
import type { InspectedInstance } from './instance-inspector.js';

const MEDIA_STORAGE_DIRECTORY = '1.2.840.10008.1.3.10';
const EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';
/** Who wrote it: UUID of version 8 from SHA-256("radledger/imaging"). */
const IMPLEMENTATION_CLASS_UID = '2.25.306669617815724101081586929922501331439';
const IN_USE = 0xffff;
/** Two offsets, a flag, and the head of the sequence of records. */
const POINTERS_BYTES = 2 * 12 + 10 + 12;

type ListedInstance = Omit<InspectedInstance, 'studyInstanceUid'>;

/** One record: its keys, and the records below it. */
interface DirectoryRecord {
  readonly type: string;
  /** (0004,1500) to (0004,1512), of leaves alone. */
  readonly reference: Uint8Array;
  readonly keys: Uint8Array;
  readonly below: readonly DirectoryRecord[];
  /** Of the item without and with the records below it. */
  readonly ownBytes: number;
  readonly allBytes: number;
}

/** Takes the instances of a study in the order of the file-set. */
export class DicomdirWriter {
  private patient: Uint8Array = new Uint8Array(0);
  private study: Uint8Array = new Uint8Array(0);
  /** In the order in which they first appear. */
  private readonly series = new Map<string, { readonly keys: Uint8Array; readonly leaves: DirectoryRecord[] }>();
  private readonly content = createHash('sha256');
  private instances = 0;

  /** @param name - `IMAGES/IM000001` */
  add(name: string, facts: ListedInstance, source: DirectorySource): void {
    if (this.instances === 0) {
      this.patient = patientKeys(source);
      this.study = studyKeys(source);
    }
    this.instances += 1;
    this.content.update(facts.dataSetSha256);
    let series = this.series.get(facts.seriesInstanceUid);
    if (series === undefined) {
      series = { keys: seriesKeys(source, this.series.size + 1), leaves: [] };
      this.series.set(facts.seriesInstanceUid, series);
    }
    const type = recordTypeOf(facts.sopClassUid);
    series.leaves.push(recordOf(type, leafKeys(type, source, this.instances), [], referenceTo(name, facts)));
  }

  /** The whole Part 10 file. */
  finish(): Uint8Array {
    const series = Array.from(this.series.values(), ({ keys, leaves }) => recordOf('SERIES', keys, leaves));
    const patient = recordOf('PATIENT', this.patient, [recordOf('STUDY', this.study, series)]);
    const meta = fileMeta(uidOf(this.content.digest()));
    const fileSetId = textElement(0x00041130, 'CS', '');
    const recordsAt = meta.length + fileSetId.length + POINTERS_BYTES;
    const records = new Uint8Array(patient.allBytes);
    writeRecords([patient], recordsAt, (bytes, offset) => records.set(bytes, offset - recordsAt));
    return concatBytes(
      meta,
      fileSetId,
      element(0x00041200, 'UL', uint32(recordsAt)),
      element(0x00041202, 'UL', uint32(recordsAt)),
      element(0x00041212, 'US', uint16(0)),
      element(0x00041220, 'SQ', records),
    );
  }
}

function recordOf(
  type: string,
  keys: Uint8Array,
  below: readonly DirectoryRecord[],
  reference: Uint8Array = new Uint8Array(0),
): DirectoryRecord {
  const ownBytes = bodyOf({ type, reference, keys }, 0, 0).length;
  const allBytes = below.reduce((sum, record) => sum + record.allBytes, ownBytes);
  return { type, reference, keys, below, ownBytes, allBytes };
}

/** Depth first; each record names the file offset of its next sibling and of the first record below it, or 0. */
function writeRecords(
  records: readonly DirectoryRecord[],
  offset: number,
  write: (bytes: Uint8Array, offset: number) => void,
): void {
  let at = offset;
  for (const [i, record] of records.entries()) {
    const belowAt = at + record.ownBytes;
    const nextAt = at + record.allBytes;
    const isLast = i + 1 === records.length;
    write(bodyOf(record, isLast ? 0 : nextAt, record.below.length === 0 ? 0 : belowAt), at);
    writeRecords(record.below, belowAt, write);
    at = nextAt;
  }
}

function bodyOf(
  { type, reference, keys }: Pick<DirectoryRecord, 'type' | 'reference' | 'keys'>,
  nextAt: number,
  belowAt: number,
): Uint8Array {
  return item(
    concatBytes(
      element(0x00041400, 'UL', uint32(nextAt)),
      element(0x00041410, 'US', uint16(IN_USE)),
      element(0x00041420, 'UL', uint32(belowAt)),
      textElement(0x00041430, 'CS', type),
      reference,
      keys,
    ),
  );
}

function referenceTo(name: string, { sopClassUid, sopInstanceUid, transferSyntaxUid }: ListedInstance): Uint8Array {
  return concatBytes(
    textElement(0x00041500, 'CS', name.replaceAll('/', '\\')),
    textElement(0x00041510, 'UI', sopClassUid),
    textElement(0x00041511, 'UI', sopInstanceUid),
    textElement(0x00041512, 'UI', transferSyntaxUid),
  );
}

function fileMeta(sopInstanceUid: string): Uint8Array {
  const meta = concatBytes(
    element(0x00020001, 'OB', Uint8Array.of(0, 1)),
    textElement(0x00020002, 'UI', MEDIA_STORAGE_DIRECTORY),
    textElement(0x00020003, 'UI', sopInstanceUid),
    textElement(0x00020010, 'UI', EXPLICIT_VR_LITTLE_ENDIAN),
    textElement(0x00020012, 'UI', IMPLEMENTATION_CLASS_UID),
  );
  return concatBytes(new Uint8Array(128), utf8('DICM'), element(0x00020000, 'UL', uint32(meta.length)), meta);
}

/** A UID that follows from a hash: UUID of version 8 (PS3.5, B.2). */
function uidOf(hash: Uint8Array): string {
  const uuid = Uint8Array.from(hash.subarray(0, 16));
  uuid[6] = ((uuid[6] as number) & 0x0f) | 0x80;
  uuid[8] = ((uuid[8] as number) & 0x3f) | 0x80;
  return `2.25.${uuid.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)}`;
}
