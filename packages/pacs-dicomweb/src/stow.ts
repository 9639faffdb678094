/** STOW-RS: files instances in an archive (PS3.18, section 10.5). */
import { randomBytes, toHex } from '@radledger/primitives';
import type { QuarantinedInstance } from '@radledger/imaging';
import { type ArchiveHttp, refuse } from './archive-http.js';

/**
 * Sends instances in one request, streamed, with its length said before. What the archive answers of each is not read: whoever
 * wants to know what it holds asks for it back.
 * @throws {ImagingError} `ARCHIVE_UNAVAILABLE` | `ARCHIVE_REFUSED`
 */
export async function storeInstances(
  http: ArchiveHttp,
  studyInstanceUid: string,
  instances: readonly QuarantinedInstance[],
): Promise<void> {
  const boundary = `radledger-${toHex(randomBytes(16))}`;
  const response = await http.request({
    method: 'POST',
    path: `/studies/${studyInstanceUid}`,
    headers: {
      accept: 'application/dicom+json',
      'content-type': `multipart/related; type="application/dicom"; boundary="${boundary}"`,
      'content-length': String(bodyBytes(instances, boundary)),
    },
    body: bodyOf(instances, boundary),
    isBulk: true,
  });
  // 202: some were refused; 409: all were.
  if (![200, 202, 409].includes(response.status)) return refuse(response);
  await response.discard();
}

const partHead = (boundary: string): Buffer =>
  Buffer.from(`\r\n--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`, 'latin1');
const end = (boundary: string): Buffer => Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1');

function bodyBytes(instances: readonly QuarantinedInstance[], boundary: string): number {
  const files = instances.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return files + instances.length * partHead(boundary).length + end(boundary).length;
}

async function* bodyOf(
  instances: readonly QuarantinedInstance[],
  boundary: string,
): AsyncGenerator<Uint8Array, void, void> {
  for (const instance of instances) {
    yield partHead(boundary);
    yield* instance.open();
  }
  yield end(boundary);
}
