import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sampleInstance } from '@radledger/imaging/testing';
import { freshUid } from './fresh-uid.js';

const PIXEL_BYTES = 128 * 1024;

/** Puts a study of one synthetic image into a folder that plays an archive. @returns its Study Instance UID */
export async function addSmallStudy(archive: string): Promise<string> {
  const ids = { studyInstanceUid: freshUid(), seriesInstanceUid: freshUid(), sopInstanceUid: freshUid() };
  const pixelData = new Uint8Array(randomBytes(PIXEL_BYTES));
  await writeFile(join(archive, `${ids.sopInstanceUid}.dcm`), sampleInstance({ ...ids, pixelData }));
  return ids.studyInstanceUid;
}
