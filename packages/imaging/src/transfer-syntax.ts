/** How the data set of a transfer syntax is laid out (PS3.5, Annex A). */

const IMPLICIT_LITTLE_ENDIAN = new Set([
  '1.2.840.10008.1.2',
  '1.2.840.113619.5.2', // GE private: implicit little endian with big-endian pixel data
]);
const EXPLICIT_BIG_ENDIAN = '1.2.840.10008.1.2.2';
const DEFLATED = new Set([
  '1.2.840.10008.1.2.1.99', // Deflated Explicit VR Little Endian
  '1.2.840.10008.1.2.4.95', // JPIP Referenced Deflate
  '1.2.840.10008.1.2.4.205', // JPIP HTJ2K Referenced Deflate
]);

/** Value representations whose explicit length has 32 bits (PS3.5, 7.1.2). */
export const LONG_FORM_VRS: ReadonlySet<string> = new Set([
  'OB',
  'OD',
  'OF',
  'OL',
  'OV',
  'OW',
  'SQ',
  'SV',
  'UC',
  'UN',
  'UR',
  'UT',
  'UV',
]);

export interface DataSetLayout {
  readonly explicitVr: boolean;
  readonly bigEndian: boolean;
  /** The whole data set is one raw deflate stream (RFC 1951). */
  readonly deflated: boolean;
}

/** Every syntax that is not named here is explicit VR little endian, as PS3.5 demands of encapsulated ones. */
export function layoutOf(transferSyntaxUid: string): DataSetLayout {
  return {
    explicitVr: !IMPLICIT_LITTLE_ENDIAN.has(transferSyntaxUid),
    bigEndian: transferSyntaxUid === EXPLICIT_BIG_ENDIAN,
    deflated: DEFLATED.has(transferSyntaxUid),
  };
}
