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
  const first = sampleOf('1.2.3.1', { instanceNumber: 7, pixelBytes: 20 });
  const second = sampleOf('1.2.3.10', { pixelBytes: 300 });
  const third = sampleOf('1.2.3.2', { instanceNumber: 0, pixelBytes: 2, trailing: fill(0, 16) });
  return {
    name: 'file-set',
    spec: 'file-set.md',
    cases: [await vector('one instance', [first]), await vector('three instances', [third, first, second])],
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

/** A Part 10 file in explicit VR little endian: DICOM PS3.10, section 7. */
function sampleOf(
  sopInstanceUid: string,
  options: { readonly instanceNumber?: number; readonly pixelBytes: number; readonly trailing?: Uint8Array },
): Sample {
  const sopClass = uid('1.2.840.10008.5.1.4.1.1.7');
  const meta = concatBytes(
    element(0x0002, 0x0002, 'UI', sopClass),
    element(0x0002, 0x0003, 'UI', uid(sopInstanceUid)),
    element(0x0002, 0x0010, 'UI', uid('1.2.840.10008.1.2.1')),
  );
  const number =
    options.instanceNumber === undefined
      ? []
      : [element(0x0020, 0x0013, 'IS', utf8(String(options.instanceNumber).padEnd(2)))];
  const file = concatBytes(
    new Uint8Array(128),
    utf8('DICM'),
    element(0x0002, 0x0000, 'UL', Uint8Array.of(meta.length, 0, 0, 0)),
    meta,
    element(0x0008, 0x0016, 'UI', sopClass),
    element(0x0008, 0x0018, 'UI', uid(sopInstanceUid)),
    element(0x0020, 0x000d, 'UI', uid(STUDY)),
    element(0x0020, 0x000e, 'UI', uid(`${STUDY}.2`)),
    ...number,
    element(0x7fe0, 0x0010, 'OB', fill(0xab, options.pixelBytes)),
    options.trailing ?? new Uint8Array(),
  );
  return { sopInstanceUid, file };
}

function element(group: number, number: number, vr: string, value: Uint8Array): Uint8Array {
  const head = new Uint8Array(vr === 'OB' ? 12 : 8);
  const view = new DataView(head.buffer);
  view.setUint16(0, group, true);
  view.setUint16(2, number, true);
  head.set(utf8(vr), 4);
  if (vr === 'OB') view.setUint32(8, value.length, true);
  else view.setUint16(6, value.length, true);
  return concatBytes(head, value);
}

/** UIDs are padded to an even length with a zero. */
function uid(text: string): Uint8Array {
  return utf8(text.length % 2 === 0 ? text : `${text}\0`);
}
