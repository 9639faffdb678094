/** A study of many or large synthetic images, as a CT or a mammography makes them. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freshUid } from '@radledger/devnet';
import { sampleInstance } from '@radledger/imaging/testing';

export interface LargeStudy {
  readonly files: number;
  readonly rows: number;
  readonly columns: number;
}

/** Puts the study into a folder that plays an archive; each image differs from the others. @returns its Study Instance UID */
export async function addLargeStudy(archive: string, { files, rows, columns }: LargeStudy): Promise<string> {
  const [studyInstanceUid, seriesInstanceUid] = [freshUid(), freshUid()];
  for (let index = 0; index < files; index += 1) {
    const sopInstanceUid = freshUid();
    const pixels = Uint16Array.from({ length: rows * columns }, (_, at) => (at * 7 + index * 401) & 0xfff);
    const instance = sampleInstance({
      studyInstanceUid,
      seriesInstanceUid,
      sopInstanceUid,
      instanceNumber: index + 1,
      image: { rows, columns },
      pixelData: new Uint8Array(pixels.buffer),
    });
    await writeFile(join(archive, `${sopInstanceUid}.dcm`), instance);
  }
  return studyInstanceUid;
}
