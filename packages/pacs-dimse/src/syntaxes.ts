/** The abstract and transfer syntaxes that are negotiated (PS3.4, annexes B, C and K; PS3.6, table A-1). */
import type { ProposedContext } from './pdu.js';

export const VERIFICATION = '1.2.840.10008.1.1';
export const STUDY_ROOT_FIND = '1.2.840.10008.5.1.4.1.2.2.1';
export const STUDY_ROOT_MOVE = '1.2.840.10008.5.1.4.1.2.2.2';
export const STUDY_ROOT_GET = '1.2.840.10008.5.1.4.1.2.2.3';
export const WORKLIST_FIND = '1.2.840.10008.5.1.4.31';

/** The one that every application entity knows: what is asked and answered is written in it. */
export const IMPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2';

/** Every transfer syntax that an instance may be stored in. Its bytes pass as they are, so none has to be understood. */
export const TRANSFER_SYNTAXES: readonly string[] = [
  '1.2.840.10008.1.2.1', // Explicit VR Little Endian
  IMPLICIT_LITTLE_ENDIAN,
  '1.2.840.10008.1.2.1.98', // Encapsulated Uncompressed
  '1.2.840.10008.1.2.1.99', // Deflated
  '1.2.840.10008.1.2.2', // Explicit VR Big Endian
  '1.2.840.10008.1.2.4.50', // JPEG Baseline
  '1.2.840.10008.1.2.4.51', // JPEG Extended
  '1.2.840.10008.1.2.4.53', // JPEG, retired processes
  '1.2.840.10008.1.2.4.55',
  '1.2.840.10008.1.2.4.57', // JPEG Lossless
  '1.2.840.10008.1.2.4.70', // JPEG Lossless, first-order prediction
  '1.2.840.10008.1.2.4.80', // JPEG-LS
  '1.2.840.10008.1.2.4.81',
  '1.2.840.10008.1.2.4.90', // JPEG 2000
  '1.2.840.10008.1.2.4.91',
  '1.2.840.10008.1.2.4.92',
  '1.2.840.10008.1.2.4.93',
  '1.2.840.10008.1.2.4.94', // JPIP
  '1.2.840.10008.1.2.4.95',
  '1.2.840.10008.1.2.4.100', // MPEG-2
  '1.2.840.10008.1.2.4.100.1',
  '1.2.840.10008.1.2.4.101',
  '1.2.840.10008.1.2.4.101.1',
  '1.2.840.10008.1.2.4.102', // MPEG-4 AVC
  '1.2.840.10008.1.2.4.102.1',
  '1.2.840.10008.1.2.4.103',
  '1.2.840.10008.1.2.4.103.1',
  '1.2.840.10008.1.2.4.104',
  '1.2.840.10008.1.2.4.104.1',
  '1.2.840.10008.1.2.4.105',
  '1.2.840.10008.1.2.4.105.1',
  '1.2.840.10008.1.2.4.106',
  '1.2.840.10008.1.2.4.106.1',
  '1.2.840.10008.1.2.4.107', // HEVC
  '1.2.840.10008.1.2.4.108',
  '1.2.840.10008.1.2.4.110', // JPEG XL
  '1.2.840.10008.1.2.4.111',
  '1.2.840.10008.1.2.4.112',
  '1.2.840.10008.1.2.4.201', // HTJ2K
  '1.2.840.10008.1.2.4.202',
  '1.2.840.10008.1.2.4.203',
  '1.2.840.10008.1.2.5', // RLE
  '1.2.840.10008.1.2.8.1', // Deflated Image Frame
];

/** Services that are no storage: what stands below these is not accepted for C-STORE. */
const OTHER_SERVICES = [
  '1.2.840.10008.1.', // verification, storage commitment, media
  '1.2.840.10008.3.', // management of patients, studies and results
  '1.2.840.10008.5.1.1.', // print
  '1.2.840.10008.5.1.4.1.2.', // query and retrieve
  '1.2.840.10008.5.1.4.31', // worklist
  '1.2.840.10008.5.1.4.32.',
  '1.2.840.10008.5.1.4.33',
];

export function isStorage(abstractSyntax: string): boolean {
  return !OTHER_SERVICES.some((prefix) => abstractSyntax.startsWith(prefix));
}

/** Contexts of a list of pairs, numbered 1, 3, 5 and so on; at most 128. */
export function contextsOf(
  pairs: readonly { readonly abstractSyntax: string; readonly transferSyntax: string }[],
): readonly ProposedContext[] {
  return pairs.map(({ abstractSyntax, transferSyntax }, index) => ({
    id: 2 * index + 1,
    abstractSyntax,
    transferSyntaxes: [transferSyntax],
  }));
}

/**
 * One context for each transfer syntax: with one for all, the archive would choose a transfer syntax before it knows
 * the instance, and convert what is stored in another.
 */
export function asStored(sopClassUid: string) {
  return TRANSFER_SYNTAXES.map((transferSyntax) => ({ abstractSyntax: sopClassUid, transferSyntax }));
}
