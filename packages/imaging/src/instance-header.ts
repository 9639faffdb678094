/** What identifies one DICOM instance, read from the head of its Part 10 file. */
export interface InstanceHeader {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  readonly transferSyntaxUid: string;
  /** Instance Number (0020,0013); undefined when absent, empty or not an integer from 0 to 2^31 - 1. */
  readonly instanceNumber: number | undefined;
  /** Where the data set begins in the file: the first byte after group 0002. */
  readonly dataSetOffset: number;
}
