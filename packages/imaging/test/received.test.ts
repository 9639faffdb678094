/** What an owner receives, checked without a disk: whatever a sender changes, nothing is whole. */
import { concatBytes, sha256 } from '@radledger/primitives';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32 } from 'node:zlib';
import { sampleInstance } from '../src/conformance/sample-instance.js';
import { readFileMeta } from '../src/file-meta.js';
import { fileSetName } from '../src/file-set-names.js';
import { checkedFileSet, type CommittedInstance, type ImagingError, instanceCheck } from '../src/received/index.js';
import { centralHeader, endOfCentralDirectory, localHeader } from '../src/stored-zip.js';

const files = ['2.25.1', '2.25.2', '2.25.3'].map((sopInstanceUid) =>
  sampleInstance({ studyInstanceUid: '2.25.9', seriesInstanceUid: '2.25.8', sopInstanceUid }),
);
const manifest = files.map((file): CommittedInstance => {
  const { transferSyntaxUid, dataSetOffset } = readFileMeta(file, true) as NonNullable<ReturnType<typeof readFileMeta>>;
  return { transferSyntaxUid, sha256: sha256(file.subarray(dataSetOffset)) };
});
const zip = zipOf([Uint8Array.of(1, 2, 3), ...files]);

function zipOf(contents: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [index, content] of contents.entries()) {
    const name = index === 0 ? 'DICOMDIR' : fileSetName(index - 1);
    const entry = { name, sizeBytes: content.length, crc32: crc32(content) };
    directory.push(centralHeader(entry, offset));
    parts.push(localHeader(entry), content);
    offset += localHeader(entry).length + content.length;
  }
  const records = concatBytes(...directory);
  const end = endOfCentralDirectory({
    entries: contents.length,
    directoryBytes: records.length,
    directoryOffset: offset,
  });
  return concatBytes(...parts, records, end);
}

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** The bytes that came through, or the code of what was wrong. */
async function received(bytes: Uint8Array, size = 97, bytesMax = 1_000_000): Promise<Uint8Array | string> {
  try {
    const whole: Uint8Array[] = [];
    for await (const chunk of checkedFileSet(inChunks(bytes, size), manifest, { bytesMax })) whole.push(chunk.slice());
    return concatBytes(...whole);
  } catch (error) {
    return (error as ImagingError).code;
  }
}

test.each([1, 7, 97, 100_000])('a file-set comes through byte for byte, in chunks of %i', async (size) => {
  expect(await received(zip, size)).toEqual(zip);
});

test('whatever byte is changed, cut off or added: refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: zip.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const altered = zip.slice();
      altered[at] = (altered[at] as number) ^ change;
      // What the manifest does not cover, the DICOMDIR and the heads of files, has its CRC-32.
      expect(await received(altered)).toMatch(/^(INVALID_ZIP|CONTENT_MISMATCH|ZIP_TOO_LARGE)$/);
    }),
    { seed: 5, numRuns: 300 },
  );
  expect(await received(zip.subarray(0, -1))).toBe('INVALID_ZIP');
  expect(await received(concatBytes(zip, Uint8Array.of(0)))).toBe('INVALID_ZIP');
});

test('instances left out, doubled, swapped or replaced: refused, although each ZIP is sound', async () => {
  const [a, b, c] = files as [Uint8Array, Uint8Array, Uint8Array];
  const other = sampleInstance({ studyInstanceUid: '2.25.9', seriesInstanceUid: '2.25.8', sopInstanceUid: '2.25.4' });
  const directory = Uint8Array.of(1);
  for (const contents of [
    [a, b],
    [a, b, c, c],
    [b, a, c],
    [a, b, other],
    [a, b, new Uint8Array(0)],
  ]) {
    expect(await received(zipOf([directory, ...contents]))).toMatch(/^(INVALID_ZIP|CONTENT_MISMATCH)$/);
  }
});

test('a ZIP beyond the limit is refused at the header that says so', async () => {
  expect(await received(zip, 97, 500)).toBe('ZIP_TOO_LARGE');
});

test('an instance under another transfer syntax is refused', () => {
  const check = instanceCheck({ ...(manifest[0] as CommittedInstance), transferSyntaxUid: '1.2.840.10008.1.2' });
  expect(() => check.update(files[0] as Uint8Array)).toThrow('not the instance');
});
