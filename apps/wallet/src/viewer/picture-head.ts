/** What a file says of its picture, read before anything is decoded. */
import { parseDicom } from 'dicom-parser';

/** Decoded sizes above this are not shown: a phone has not the memory. */
const FRAME_BYTES_MAX = 256 * 1024 * 1024;
const FRAMES_MAX = 100_000;

/** Why a file is no picture here: `report` holds text or a document, `unsupported` is stored in a way that is not known here. */
export class NotShownError extends Error {
  override readonly name = 'NotShownError';

  constructor(
    readonly reason: 'report' | 'unsupported',
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}

/** @returns how many pictures the file holds, 1 or more @throws {NotShownError} */
export function framesIn(file: Uint8Array): number {
  const head = headOf(file);
  if (head.elements['x7fe00010'] === undefined) throw new NotShownError('report');
  const number = (tag: string): number => head.uint16(tag) ?? 0;
  const frameBytes = number('x00280010') * number('x00280011') * (number('x00280002') || 1) * (number('x00280100') / 8);
  const frames = head.intString('x00280008') ?? 1;
  if (!(frameBytes > 0 && frameBytes <= FRAME_BYTES_MAX && frames >= 1 && frames <= FRAMES_MAX)) {
    throw new NotShownError('unsupported');
  }
  return frames;
}

function headOf(file: Uint8Array) {
  try {
    return parseDicom(file, { untilTag: 'x7fe00010' });
  } catch (cause) {
    throw new NotShownError('unsupported', { cause });
  }
}
