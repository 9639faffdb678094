/** A study of many kinds of files: real ones of pydicom (Debian's python3-pydicom), as the modalities of a hospital store them. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { freshUid } from '@radledger/devnet';

const FILES = '/usr/lib/python3/dist-packages/pydicom/data/test_files';

/** Each by its name: what a viewer must make of it. */
export const KINDS = {
  // One slice, stored in six ways without loss: six times the same picture.
  'MR_small.dcm': 'slice',
  'MR_small_implicit.dcm': 'slice',
  'MR_small_bigendian.dcm': 'slice',
  'MR_small_RLE.dcm': 'slice',
  'MR_small_jpeg_ls_lossless.dcm': 'slice',
  'MR_small_jp2klossless.dcm': 'slice',
  'MR_small_12bit.dcm': 'slice in 12-bit JPEG',
  'SC_rgb_jpeg_dcmtk.dcm': 'colour',
  'SC_rgb_rle.dcm': 'colour',
  'SC_rgb_rle_2frame.dcm': 'colour, two frames',
  'test-SR.dcm': 'report',
  'rtplan.dcm': 'report',
} as const;
export type FileName = keyof typeof KINDS;
export type Kind = (typeof KINDS)[FileName];

/** The slice whose values need 12 bits is stored in 12, and then, by DCMTK, as JPEG Extended: with loss, but hardly any. */
const PROGRAM = `
import subprocess, sys, tempfile, pydicom
def in_12_bits(ds):
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 12, 11, 0
    for name in ["SmallestImagePixelValue", "LargestImagePixelValue", "PixelPaddingValue"]:
        if name in ds:
            delattr(ds, name)
    return ds
folder, study, *rest = sys.argv[1:]
for name, uid in zip(rest[0::2], rest[1::2]):
    ds = in_12_bits(pydicom.dcmread("${FILES}/MR_small.dcm")) if "12bit" in name else pydicom.dcmread("${FILES}/" + name)
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = study, uid + ".1", uid
    ds.file_meta.MediaStorageSOPInstanceUID = uid
    path = folder + "/" + uid + ".dcm"
    if "12bit" in name:
        with tempfile.NamedTemporaryFile() as raw:
            ds.save_as(raw.name)
            subprocess.check_call(["dcmcjpeg", "+ee", raw.name, path])
    else:
        ds.save_as(path)
`;

/** Puts the study into a folder that plays an archive; each file is a series of its own. */
export async function addMixedStudy(
  archive: string,
): Promise<{ studyInstanceUid: string; kinds: ReadonlyMap<string, FileName> }> {
  const studyInstanceUid = freshUid();
  const kinds = new Map(Object.keys(KINDS).map((name) => [freshUid(), name as FileName]));
  const args = [...kinds].flatMap(([uid, name]) => [name, uid]);
  await promisify(execFile)('/usr/bin/python3', ['-c', PROGRAM, archive, studyInstanceUid, ...args]);
  return { studyInstanceUid, kinds };
}
