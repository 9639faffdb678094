/** Studies of any size, of synthetic images. */
import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sampleInstance } from '@radledger/imaging/testing';
import { freshUid } from '../fresh-uid.js';

const INSTANCE_BYTES = 16 * 1024 * 1024;

/** Fills an empty folder with one study of at least `bytes` of pixels; pixels are random, so that nothing on the way can squeeze them. */
export async function writeStudy(folder: string, bytes: number): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const [studyInstanceUid, seriesInstanceUid] = [freshUid(), freshUid()];
  for (let left = bytes, number = 1; left > 0; left -= INSTANCE_BYTES, number += 1) {
    const pixelData = new Uint8Array(randomBytes(Math.min(left, INSTANCE_BYTES)));
    const ids = { studyInstanceUid, seriesInstanceUid, sopInstanceUid: freshUid(), instanceNumber: number };
    await writeFile(join(folder, `${String(number).padStart(6, '0')}.dcm`), sampleInstance({ ...ids, pixelData }));
  }
}
