import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type SampleInstance, sampleInstance } from '@radledger/imaging/testing';
import { freshUid } from './fresh-uid.js';

const ROWS = 256;
const COLUMNS = 256;

/**
 * Puts a study of one synthetic image into a folder that plays an archive.
 * @param patient - whose it is; default nobody's that the archive could name
 * @returns its Study Instance UID
 */
export async function addSmallStudy(archive: string, patient?: SampleInstance['patient']): Promise<string> {
  const ids = { studyInstanceUid: freshUid(), seriesInstanceUid: freshUid(), sopInstanceUid: freshUid() };
  const image = { rows: ROWS, columns: COLUMNS };
  const instance = sampleInstance({ ...ids, ...(patient && { patient }), image, pixelData: roundShadow(image) });
  await writeFile(join(archive, `${ids.sopInstanceUid}.dcm`), instance);
  return ids.studyInstanceUid;
}

/** What a viewer can tell from noise: a bright ring around a darker middle, 12 bits a pixel in two bytes each. */
function roundShadow({ rows, columns }: { rows: number; columns: number }): Uint8Array {
  const pixels = new Uint16Array(rows * columns);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const far = Math.hypot((2 * row) / rows - 1, (2 * column) / columns - 1);
      pixels[row * columns + column] = far > 0.9 ? 100 : far > 0.8 ? 3_600 : 1_200 + Math.round(1_000 * far);
    }
  }
  return new Uint8Array(pixels.buffer);
}
