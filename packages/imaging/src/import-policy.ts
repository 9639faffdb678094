/** What a recipient lets into its archive, whoever allowed the transfer. Spec: docs/spec/file-set.md, section 6.1. */

export interface ImportPolicy {
  /** Transfer syntaxes that are filed: UIDs, or beginnings of UIDs that end in a dot. */
  readonly transferSyntaxes: readonly string[];
  /** SOP classes that are filed, written alike. */
  readonly sopClasses: readonly string[];
  /**
   * What becomes of the 128 bytes before `DICM`. `zero`: always zeros. `keep-slides`: the TIFF header of an instance of
   * VL Whole Slide Microscopy Image Storage stays, so that viewers of TIFF can open it; everything else becomes zeros.
   */
  readonly preambles: 'zero' | 'keep-slides';
}

export const DEFAULT_IMPORT_POLICY: ImportPolicy = {
  // Those of PS3.6, Table A-1 that are not retired, with big endian, which archives still hold. Those that fetch their
  // pixels from an address in the file (JPIP) are missing on purpose.
  transferSyntaxes: [
    '1.2.840.10008.1.2',
    '1.2.840.10008.1.2.1',
    '1.2.840.10008.1.2.1.98',
    '1.2.840.10008.1.2.1.99',
    '1.2.840.10008.1.2.2',
    '1.2.840.10008.1.2.4.50',
    '1.2.840.10008.1.2.4.51',
    '1.2.840.10008.1.2.4.57',
    '1.2.840.10008.1.2.4.70',
    '1.2.840.10008.1.2.4.80',
    '1.2.840.10008.1.2.4.81',
    '1.2.840.10008.1.2.4.90',
    '1.2.840.10008.1.2.4.91',
    '1.2.840.10008.1.2.4.92',
    '1.2.840.10008.1.2.4.93',
    '1.2.840.10008.1.2.4.100',
    '1.2.840.10008.1.2.4.100.1',
    '1.2.840.10008.1.2.4.101',
    '1.2.840.10008.1.2.4.101.1',
    '1.2.840.10008.1.2.4.102',
    '1.2.840.10008.1.2.4.102.1',
    '1.2.840.10008.1.2.4.103',
    '1.2.840.10008.1.2.4.103.1',
    '1.2.840.10008.1.2.4.104',
    '1.2.840.10008.1.2.4.104.1',
    '1.2.840.10008.1.2.4.105',
    '1.2.840.10008.1.2.4.105.1',
    '1.2.840.10008.1.2.4.106',
    '1.2.840.10008.1.2.4.106.1',
    '1.2.840.10008.1.2.4.107',
    '1.2.840.10008.1.2.4.108',
    '1.2.840.10008.1.2.4.110',
    '1.2.840.10008.1.2.4.111',
    '1.2.840.10008.1.2.4.112',
    '1.2.840.10008.1.2.4.201',
    '1.2.840.10008.1.2.4.202',
    '1.2.840.10008.1.2.4.203',
    '1.2.840.10008.1.2.5',
    '1.2.840.10008.1.2.8.1',
  ],
  // The standard's storage classes; RT Beams Delivery Instruction Storage stands outside their arc.
  sopClasses: ['1.2.840.10008.5.1.4.1.1.', '1.2.840.10008.5.1.4.34.7'],
  preambles: 'zero',
};

/** Whether a list of UIDs and beginnings of UIDs names a UID. */
export function isAllowed(list: readonly string[], uid: string): boolean {
  return list.some((allowed) => (allowed.endsWith('.') ? uid.startsWith(allowed) : uid === allowed));
}
