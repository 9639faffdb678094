import { encodeFileSetPlan, manifestOf, planFileSet, serveFileSet, type StudySnapshot } from '@radledger/imaging';
import { concatBytes, utf8 } from '@radledger/primitives';
import { encodeManifest } from '@radledger/transactions';
import { asJson, fill, type VectorCase, type VectorFile } from './vector-file.js';

const STUDY = '1.2.826.0.1.3680043.8.498.1';

interface Sample {
  readonly sopInstanceUid: string;
  readonly file: Uint8Array;
}

export async function fileSetVectors(): Promise<VectorFile> {
  const first = sampleOf('1.2.3.1', { instanceNumber: 7, pixelBytes: 20, attributes: NAMED });
  const second = sampleOf('1.2.3.10', { pixelBytes: 300 });
  const third = sampleOf('1.2.3.2', { instanceNumber: 0, pixelBytes: 2, trailing: fill(0, 16) });
  return {
    name: 'file-set',
    spec: 'file-set.md',
    cases: [
      await vector('one instance', [first]),
      await vector('three instances of two series; the first lacks what a DICOMDIR must say', [
        sampleOf('1.2.3.0', { pixelBytes: 4, series: `${STUDY}.3` }),
        third,
        first,
        second,
      ]),
      await vector('a structured report and a presentation state', [
        sampleOf('1.2.3.7', {
          pixelBytes: 2,
          attributes: NAMED,
          later: REPORT,
          sopClass: '1.2.840.10008.5.1.4.1.1.88.11',
        }),
        sampleOf('1.2.3.8', { pixelBytes: 2, sopClass: '1.2.840.10008.5.1.4.1.1.88.33' }),
        sampleOf('1.2.3.9', { pixelBytes: 2, sopClass: '1.2.840.10008.5.1.4.1.1.11.1', instanceNumber: 3 }),
      ]),
    ],
  };
}

async function vector(name: string, samples: readonly Sample[]): Promise<VectorCase> {
  const snapshot: StudySnapshot = {
    studyInstanceUid: STUDY,
    instances: samples.map(({ sopInstanceUid, file }) => ({
      sopInstanceUid,
      async *open() {
        yield file.slice();
      },
    })),
    close: () => Promise.resolve(),
  };
  const plan = await planFileSet(snapshot);
  const chunks: Uint8Array[] = [];
  for await (const chunk of serveFileSet(plan, snapshot)) chunks.push(chunk);
  return {
    name,
    input: asJson({ files: samples.map(({ file }) => file) }),
    output: asJson({
      manifest: encodeManifest(manifestOf(plan)),
      plan: encodeFileSetPlan(plan),
      zip: concatBytes(...chunks),
    }),
  };
}

/** Attributes that a DICOMDIR repeats, by element. */
type Attributes = Readonly<Record<string, readonly [vr: string, value: string]>>;

const NAMED: Attributes = {
  '00080005': ['CS', 'ISO_IR 192'],
  '00080020': ['DA', '20260102'],
  '00080030': ['TM', '101112.5'],
  '00080060': ['CS', 'MR'],
  '00081030': ['LO', 'Schädel'],
  '00100010': ['PN', 'Muster^Zoë'],
  '00100020': ['LO', 'P-1'],
  '00200010': ['SH', 'S-1'],
  '00200011': ['IS', '4'],
};

/** Concept Name Code Sequence, Completion Flag, Verification Flag. */
const REPORT: readonly Uint8Array[] = [
  element(
    0x0040,
    0xa043,
    'SQ',
    concatBytes(
      Uint8Array.of(0xfe, 0xff, 0x00, 0xe0, 46, 0, 0, 0),
      element(0x0008, 0x0100, 'SH', utf8('18748-4 ')),
      element(0x0008, 0x0102, 'SH', utf8('LN')),
      element(0x0008, 0x0104, 'LO', utf8('Some report ')),
    ),
  ),
  element(0x0040, 0xa491, 'CS', utf8('COMPLETE')),
  element(0x0040, 0xa493, 'CS', utf8('VERIFIED')),
];

/** A Part 10 file in explicit VR little endian: DICOM PS3.10, section 7. */
function sampleOf(
  sopInstanceUid: string,
  options: {
    readonly instanceNumber?: number;
    readonly pixelBytes: number;
    readonly trailing?: Uint8Array;
    readonly series?: string;
    readonly sopClass?: string;
    readonly attributes?: Attributes;
    /** Elements between those below and Pixel Data. */
    readonly later?: readonly Uint8Array[];
  },
): Sample {
  const sopClass = uid(options.sopClass ?? '1.2.840.10008.5.1.4.1.1.7');
  const meta = concatBytes(
    element(0x0002, 0x0002, 'UI', sopClass),
    element(0x0002, 0x0003, 'UI', uid(sopInstanceUid)),
    element(0x0002, 0x0010, 'UI', uid('1.2.840.10008.1.2.1')),
  );
  const attributes = Object.entries(options.attributes ?? {}).map(([tag, [vr, value]]) => ({
    tag,
    vr,
    value: text(value),
  }));
  const dataSet = [
    ...attributes,
    { tag: '00080016', vr: 'UI', value: sopClass },
    { tag: '00080018', vr: 'UI', value: uid(sopInstanceUid) },
    { tag: '0020000d', vr: 'UI', value: uid(STUDY) },
    { tag: '0020000e', vr: 'UI', value: uid(options.series ?? `${STUDY}.2`) },
    ...(options.instanceNumber === undefined
      ? []
      : [{ tag: '00200013', vr: 'IS', value: text(String(options.instanceNumber)) }]),
  ]
    .sort((a, b) => (a.tag < b.tag ? -1 : 1))
    .map(({ tag, vr, value }) => element(parseInt(tag.slice(0, 4), 16), parseInt(tag.slice(4), 16), vr, value));
  const file = concatBytes(
    new Uint8Array(128),
    utf8('DICM'),
    element(0x0002, 0x0000, 'UL', Uint8Array.of(meta.length, 0, 0, 0)),
    meta,
    ...dataSet,
    ...(options.later ?? []),
    element(0x7fe0, 0x0010, 'OB', fill(0xab, options.pixelBytes)),
    options.trailing ?? new Uint8Array(),
  );
  return { sopInstanceUid, file };
}

function element(group: number, number: number, vr: string, value: Uint8Array): Uint8Array {
  const isLong = vr === 'OB' || vr === 'SQ';
  const head = new Uint8Array(isLong ? 12 : 8);
  const view = new DataView(head.buffer);
  view.setUint16(0, group, true);
  view.setUint16(2, number, true);
  head.set(utf8(vr), 4);
  if (isLong) view.setUint32(8, value.length, true);
  else view.setUint16(6, value.length, true);
  return concatBytes(head, value);
}

/** Text is padded to an even length with a space. */
function text(value: string): Uint8Array {
  const bytes = utf8(value);
  return bytes.length % 2 === 0 ? bytes : concatBytes(bytes, utf8(' '));
}

/** UIDs are padded to an even length with a zero. */
function uid(text: string): Uint8Array {
  return utf8(text.length % 2 === 0 ? text : `${text}\0`);
}
