/** The directory of a file-set (PS3.10, section 8.6). */
export const DIRECTORY_NAME = 'DICOMDIR';

/** `IMAGES/IM000001` for position 0: 8.3 upper case as PS3.10 wants of File IDs, so that a DICOMDIR can name them. */
export function fileSetName(position: number): string {
  return `IMAGES/IM${String(position + 1).padStart(6, '0')}`;
}
