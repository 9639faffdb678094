/** WADO-RS: one instance as the archive stores it (PS3.18, section 10.4). */
import { ImagingError } from '@radledger/imaging';
import { parseContentType, readMultipart } from '@radledger/multipart';
import { type ArchiveHttp, answerInvalid, refuse } from './archive-http.js';

/** Without `transfer-syntax=*` archives convert to explicit VR little endian, and what is hashed would not be what is stored. */
const AS_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*';

/** Names one instance; the UIDs were checked. */
export interface InstanceAddress {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
}

/**
 * Streams the Part 10 file of an instance; leaving early ends the connection.
 * @param index - of the instance in its snapshot, for the error
 * @throws {ImagingError} `INSTANCE_CHANGED` when the archive no longer has it | `ARCHIVE_UNAVAILABLE` | `ARCHIVE_REFUSED` | `ARCHIVE_ANSWER_INVALID`
 */
export async function* instanceBytes(
  http: ArchiveHttp,
  { studyInstanceUid, seriesInstanceUid, sopInstanceUid }: InstanceAddress,
  index: number,
): AsyncGenerator<Uint8Array, void, void> {
  const path = `/studies/${studyInstanceUid}/series/${seriesInstanceUid}/instances/${sopInstanceUid}`;
  const response = await http.request({ method: 'GET', path, headers: { accept: AS_STORED }, isBulk: true });
  if (response.status === 404 || response.status === 410) {
    await response.discard();
    throw new ImagingError({ code: 'INSTANCE_CHANGED', index }, 'the archive no longer has an instance of the study');
  }
  if (response.status !== 200) return refuse(response);
  const contentType = parseContentType(response.contentType);
  if (contentType?.mediaType === 'application/dicom') {
    yield* response.body;
    return;
  }
  const boundary = contentType?.parameters.get('boundary');
  if (contentType?.mediaType !== 'multipart/related' || boundary === undefined) {
    await response.discard();
    throw answerInvalid('media-type', 'expected multipart/related or application/dicom');
  }
  let parts = 0;
  const errorOf = (problem: { readonly code: string }): ImagingError =>
    answerInvalid(
      problem.code === 'TOO_LARGE' ? 'multipart-size' : 'multipart',
      'expected a whole multipart body of one part',
    );
  for await (const part of readMultipart(response.body, boundary, { errorOf })) {
    parts += 1;
    if (parts > 1) throw answerInvalid('parts', 'expected one instance in the answer');
    yield* part.body;
  }
  if (parts === 0) throw answerInvalid('parts', 'expected one instance in the answer');
}
