/** Checks a file-set while it is received, without a disk; in Node and in browsers. Spec: docs/spec/file-set.md, sections 2 and 4. */
import { concatBytes, equalBytes } from '@radledger/primitives';
import { ImagingError } from '../errors.js';
import { DIRECTORY_NAME, fileSetName } from '../file-set-names.js';
import { centralHeader, endOfCentralDirectory, localHeader, type StoredZipEntry } from '../stored-zip.js';
import { ByteQueue } from './byte-queue.js';
import { Crc32 } from './crc32.js';
import { type CommittedInstance, instanceCheck } from './instance-check.js';

const LOCAL_HEADER_BYTES = 30;
const UINT32_MAX = 0xffffffff;

/**
 * Passes the bytes of a ZIP on once it is exactly what a source makes of this manifest: every instance committed, in order, and around
 * them not one byte of choice but the DICOMDIR and the file headers. Nothing is whole before the iteration ends without an error.
 * @param chunks - as received
 * @param manifest - in its own order
 * @param options.bytesMax - largest ZIP
 * @throws {ImagingError} `INVALID_ZIP` | `CONTENT_MISMATCH` | `ZIP_TOO_LARGE`
 */
export async function* checkedFileSet(
  chunks: AsyncIterable<Uint8Array>,
  manifest: readonly CommittedInstance[],
  options: { readonly bytesMax: number },
): AsyncGenerator<Uint8Array, void, void> {
  const { bytesMax } = options;
  const queue = new ByteQueue(chunks);
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [index, committed] of [undefined, ...manifest].entries()) {
    const { entry, header } = await readHeader(queue, index === 0 ? DIRECTORY_NAME : fileSetName(index - 1));
    directory.push(centralHeader(entry, offset));
    offset += header.length + entry.sizeBytes;
    if (offset > bytesMax) {
      throw new ImagingError({ code: 'ZIP_TOO_LARGE', bytesMax }, `expected at most ${bytesMax} bytes`);
    }
    yield header;
    const check = committed === undefined ? undefined : instanceCheck(committed);
    const crc32 = new Crc32();
    for await (const piece of queue.take(entry.sizeBytes)) {
      check?.update(piece);
      crc32.update(piece);
      yield piece;
    }
    check?.end();
    if (crc32.value !== entry.crc32) throw invalid('the CRC-32 of an entry is that of its bytes');
  }
  let directoryBytes = 0;
  for (const record of directory) {
    directoryBytes += record.length;
    yield await sameBytes(queue, record);
  }
  const entries = directory.length;
  yield await sameBytes(queue, endOfCentralDirectory({ entries, directoryBytes, directoryOffset: offset }));
  if (!(await queue.isAtEnd())) throw invalid('nothing stands after the end record');
}

/** Size and CRC-32 are the sender's to say; every other byte of a local header follows from them and the name. */
async function readHeader(queue: ByteQueue, name: string): Promise<{ entry: StoredZipEntry; header: Uint8Array }> {
  const fixed = await queue.read(LOCAL_HEADER_BYTES);
  const view = new DataView(fixed.buffer, fixed.byteOffset, fixed.byteLength);
  const isZip64 = view.getUint32(22, true) === UINT32_MAX;
  const rest = await queue.read(name.length + (isZip64 ? 20 : 0));
  const sizeBytes = isZip64
    ? Number(new DataView(rest.buffer, rest.byteOffset).getBigUint64(name.length + 4, true))
    : view.getUint32(22, true);
  const entry = { name, sizeBytes, crc32: view.getUint32(14, true) };
  const header = concatBytes(fixed, rest);
  if (!Number.isSafeInteger(sizeBytes) || !equalBytes(header, localHeader(entry))) {
    throw invalid('entries are stored, under the names of a file-set, in the order of the manifest');
  }
  return { entry, header };
}

async function sameBytes(queue: ByteQueue, expected: Uint8Array): Promise<Uint8Array> {
  const bytes = await queue.read(expected.length);
  if (equalBytes(bytes, expected)) return bytes;
  throw invalid('the directory names what came before it');
}

function invalid(rule: string): ImagingError {
  return new ImagingError({ code: 'INVALID_ZIP' }, rule);
}
