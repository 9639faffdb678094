/** The metadata of a stored instance, from the head of its Part 10 file. Spec: docs/spec/dicomweb.md, section 4. */
import { concatBytes } from '@radledger/primitives';
import { ImagingError } from '../errors.js';
import { readFileMeta } from '../file-meta.js';
import { Inflation } from '../inflation.js';
import { DEFAULT_INSTANCE_LIMITS } from '../limits.js';
import { type DataSetLayout, layoutOf } from '../transfer-syntax.js';
import { type DicomJson, dataSetJson } from './data-set-json.js';

/** Most bytes of a data set before its pixel data. */
const METADATA_BYTES_MAX = 16 * 1024 * 1024;
const FIRST_TRY_BYTES = 64 * 1024;

/**
 * Reads an instance up to its pixel data: the DICOM JSON Model of its data set, in Unicode, without pixel data, without binary
 * values above 4096 bytes, and with Specific Character Set as ISO_IR 192. Leaves the stream early.
 * @throws {ImagingError} `NOT_PART10` | `MALFORMED_META` | `MALFORMED_DATA_SET` | `MISSING_ATTRIBUTE` | `INVALID_UID` |
 *   `TRUNCATED_INSTANCE` | `HEADER_TOO_LARGE` more than 16 MiB before the pixel data | `INFLATION_LIMIT`
 */
export async function readMetadata(file: AsyncIterable<Uint8Array>): Promise<DicomJson> {
  let head: Uint8Array = new Uint8Array(0);
  let reading: MetadataReading | undefined;
  try {
    for await (const chunk of file) {
      if (reading === undefined) {
        head = head.length === 0 ? chunk : concatBytes(head, chunk);
        reading = startReading(head, false);
        await reading?.begin(head);
      } else await reading.update(chunk);
      if (reading?.json !== undefined) return inUnicode(reading.json);
    }
    if (reading === undefined) {
      reading = startReading(head, true);
      await reading?.begin(head);
    }
    if (reading === undefined)
      throw new ImagingError({ code: 'TRUNCATED_INSTANCE' }, 'the file ends before its data set');
    return inUnicode(await reading.end());
  } finally {
    reading?.close();
  }
}

function startReading(head: Uint8Array, isWhole: boolean): MetadataReading | undefined {
  const meta = readFileMeta(head, isWhole);
  return meta === undefined ? undefined : new MetadataReading(layoutOf(meta.transferSyntaxUid), meta.dataSetOffset);
}

/** Collects the data set until its metadata can be read; each try has twice the bytes of the one before. */
class MetadataReading {
  json: DicomJson | undefined;
  private readonly chunks: Uint8Array[] = [];
  private bytes = 0;
  private nextTry = FIRST_TRY_BYTES;
  private readonly inflation: Inflation | undefined;

  constructor(
    private readonly layout: DataSetLayout,
    private readonly dataSetOffset: number,
  ) {
    if (layout.deflated) {
      this.inflation = new Inflation(DEFAULT_INSTANCE_LIMITS.inflatedBytesMax, (bytes) => this.take(bytes));
    }
  }

  /** @param head - the file from its first byte */
  begin(head: Uint8Array): Promise<void> {
    return this.update(head.subarray(this.dataSetOffset));
  }

  async update(chunk: Uint8Array): Promise<void> {
    if (this.inflation === undefined) this.take(chunk);
    else await this.inflation.write(chunk);
  }

  async end(): Promise<DicomJson> {
    await this.inflation?.end();
    return this.json ?? (dataSetJson(concatBytes(...this.chunks), this.layout, true) as DicomJson);
  }

  close(): void {
    this.inflation?.close();
  }

  private take(bytes: Uint8Array): void {
    if (this.json !== undefined) return;
    this.chunks.push(bytes);
    this.bytes += bytes.length;
    if (this.bytes < this.nextTry) return;
    const tried = concatBytes(...this.chunks.splice(0));
    this.chunks.push(tried);
    this.json = dataSetJson(tried, this.layout, false);
    if (this.json === undefined && this.bytes > METADATA_BYTES_MAX) {
      const info = { code: 'HEADER_TOO_LARGE', bytesMax: METADATA_BYTES_MAX } as const;
      throw new ImagingError(info, `expected pixel data within the first ${METADATA_BYTES_MAX} bytes`);
    }
    this.nextTry = 2 * this.bytes;
  }
}

/** Text is Unicode from here on, so that is what the data set must say of itself (PS3.18, F.2). */
function inUnicode(json: DicomJson): DicomJson {
  for (const element of Object.values(json)) {
    if (element.vr !== 'SQ') continue;
    for (const item of (element.Value ?? []) as DicomJson[]) inUnicode(item);
  }
  if (json['00080005'] !== undefined) json['00080005'] = { vr: 'CS', Value: ['ISO_IR 192'] };
  return json;
}
