import { inspectInstance } from '@radledger/imaging';
import { sampleInstance } from '@radledger/imaging/conformance';
import { image, inPieces } from '../corpora.js';
import type { Target } from '../fuzz.js';

const HEAD_BYTES = 8192;

/** One Part 10 file, read to its end. */
export const dicomImport: Target = {
  name: 'dicom-import',
  words: [
    'DICM',
    'SQ',
    'UN',
    'OB',
    'UI',
    '\x02\x00\x10\x00UI',
    '\x20\x00\x0d\x00UI',
    '\u00fe\u00ff',
    '1.2.840.10008.1.2.1.99',
    '1.2.840.10008.1.2.2',
    '1.2.840.10008.1.2',
  ],
  async corpus() {
    const names = ['deflated', 'explicit_big', 'implicit_little', 'jpeg_2000', 'jpeg_ls', 'rle', 'explicit_little'];
    const real = await Promise.all(names.map((name) => image(`${name}.dcm`)));
    return [...real.map((file) => file.subarray(0, HEAD_BYTES)), sample(1)];
  },
  read: (input) =>
    inspectInstance(inPieces(input, 1 + (input.length % 1031)), {
      inflatedBytesMax: 4 * 1024 * 1024,
      headerBytesMax: 64 * 1024,
    }),
};

export function sample(number: number): Uint8Array {
  const study = '2.25.7';
  return sampleInstance({
    studyInstanceUid: study,
    seriesInstanceUid: `${study}.1`,
    sopInstanceUid: `${study}.1.${number}`,
    instanceNumber: number,
  });
}
