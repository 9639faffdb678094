/** Writes small synthetic DICOM instances, so that a connector can be proved without anybody's images. */
import { concatBytes, utf8 } from '@radledger/primitives';

export interface SampleInstance {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  /** Default Secondary Capture Image Storage. */
  readonly sopClassUid?: string;
  /** ASCII; default none: the attribute is left out. */
  readonly accessionNumber?: string;
  /** Patient's Name and Patient ID, ASCII, and Patient's Birth Date, `YYYYMMDD`; default none: the attributes are left out. */
  readonly patient?: { readonly name: string; readonly id: string; readonly birthDate?: string };
  /** `YYYYMMDD`; default none: the attribute is left out. */
  readonly studyDate?: string;
  /** Default none: the attribute is left out. */
  readonly instanceNumber?: number;
  /** Height and width of an image of 16-bit shades of grey, 12 bits of them used; default none: the attributes are left out. */
  readonly image?: { readonly rows: number; readonly columns: number };
  /** Value of Pixel Data; default 64 bytes that follow from the SOP Instance UID. An odd length is padded with a zero. */
  readonly pixelData?: Uint8Array;
  /** Bytes after the last element; default none. */
  readonly trailing?: Uint8Array;
}

const EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';
const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';

/** A Part 10 file in explicit VR little endian. */
export function sampleInstance(sample: SampleInstance): Uint8Array {
  const sopClassUid = sample.sopClassUid ?? SECONDARY_CAPTURE;
  const meta = concatBytes(
    element(0x0002, 0x0001, 'OB', Uint8Array.of(0, 1)),
    element(0x0002, 0x0002, 'UI', uidValue(sopClassUid)),
    element(0x0002, 0x0003, 'UI', uidValue(sample.sopInstanceUid)),
    element(0x0002, 0x0010, 'UI', uidValue(EXPLICIT_VR_LITTLE_ENDIAN)),
  );
  const metaLength = new Uint8Array(4);
  new DataView(metaLength.buffer).setUint32(0, meta.length, true);
  return concatBytes(
    new Uint8Array(128),
    utf8('DICM'),
    element(0x0002, 0x0000, 'UL', metaLength),
    meta,
    element(0x0008, 0x0016, 'UI', uidValue(sopClassUid)),
    element(0x0008, 0x0018, 'UI', uidValue(sample.sopInstanceUid)),
    ...(sample.studyDate === undefined ? [] : [element(0x0008, 0x0020, 'DA', utf8(sample.studyDate))]),
    sample.accessionNumber === undefined
      ? new Uint8Array(0)
      : element(0x0008, 0x0050, 'SH', padded(utf8(sample.accessionNumber), 0x20)),
    ...(sample.patient === undefined
      ? []
      : [
          element(0x0010, 0x0010, 'PN', padded(utf8(sample.patient.name), 0x20)),
          element(0x0010, 0x0020, 'LO', padded(utf8(sample.patient.id), 0x20)),
          ...(sample.patient.birthDate === undefined
            ? []
            : [element(0x0010, 0x0030, 'DA', utf8(sample.patient.birthDate))]),
        ]),
    element(0x0020, 0x000d, 'UI', uidValue(sample.studyInstanceUid)),
    element(0x0020, 0x000e, 'UI', uidValue(sample.seriesInstanceUid)),
    sample.instanceNumber === undefined
      ? new Uint8Array(0)
      : element(0x0020, 0x0013, 'IS', padded(utf8(String(sample.instanceNumber)), 0x20)),
    ...(sample.image === undefined ? [] : imageOf(sample.image)),
    element(
      0x7fe0,
      0x0010,
      sample.image === undefined ? 'OB' : 'OW',
      padded(sample.pixelData ?? pixelsOf(sample.sopInstanceUid), 0),
    ),
    sample.trailing ?? new Uint8Array(0),
  );
}

/** PS3.3, C.7.6.3. */
function imageOf({ rows, columns }: NonNullable<SampleInstance['image']>): readonly Uint8Array[] {
  const short = (number: number, value: number): Uint8Array =>
    element(0x0028, number, 'US', Uint8Array.of(value & 0xff, value >> 8));
  return [
    short(0x0002, 1),
    element(0x0028, 0x0004, 'CS', padded(utf8('MONOCHROME2'), 0x20)),
    short(0x0010, rows),
    short(0x0011, columns),
    short(0x0100, 16),
    short(0x0101, 12),
    short(0x0102, 11),
    short(0x0103, 0),
  ];
}

/** One element in explicit VR little endian. */
export function element(group: number, number: number, vr: string, value: Uint8Array): Uint8Array {
  const isLong = vr === 'OB' || vr === 'OW' || vr === 'SQ' || vr === 'UN';
  const head = new Uint8Array(isLong ? 12 : 8);
  const view = new DataView(head.buffer);
  view.setUint16(0, group, true);
  view.setUint16(2, number, true);
  head.set(utf8(vr), 4);
  if (isLong) view.setUint32(8, value.length, true);
  else view.setUint16(6, value.length, true);
  return concatBytes(head, value);
}

/** The value of a UI element. */
export function uidValue(uid: string): Uint8Array {
  return padded(utf8(uid), 0);
}

function padded(value: Uint8Array, padding: number): Uint8Array {
  return value.length % 2 === 0 ? value : concatBytes(value, Uint8Array.of(padding));
}

function pixelsOf(seed: string): Uint8Array {
  const bytes = utf8(seed);
  return Uint8Array.from({ length: 64 }, (_, i) => ((bytes[i % bytes.length] as number) * 31 + i) & 0xff);
}
