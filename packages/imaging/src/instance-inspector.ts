/** Reads one Part 10 file as a stream and tells everything the package needs to know of it, in one pass. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { concatBytes } from '@radledger/primitives';
import { type Accession, ACCESSION_ATTRIBUTES, accessionFrom } from './accession.js';
import { DataSetReader } from './data-set-reader.js';
import { DIRECTORY_ATTRIBUTES, type DirectorySource } from './directory-keys.js';
import { ImagingError } from './errors.js';
import { type FileMeta, readFileMeta } from './file-meta.js';
import { Inflation } from './inflation.js';
import type { InstanceHeader } from './instance-header.js';
import { DEFAULT_INSTANCE_LIMITS, type InstanceLimits } from './limits.js';
import { layoutOf } from './transfer-syntax.js';

/** Facts of one whole Part 10 file. */
export interface InspectedInstance extends InstanceHeader {
  readonly sizeBytes: number;
  readonly crc32: number;
  /** SHA-256 of the whole file, 32 bytes. */
  readonly sha256: Uint8Array;
  /** SHA-256 of all bytes after group 0002 as stored, trailing padding included; 32 bytes. */
  readonly dataSetSha256: Uint8Array;
}

export interface InstanceHead extends InstanceHeader {
  readonly accession: Accession | undefined;
}

/** What the folder connector needs to sort files into studies. `DICOMDIR`: a directory of media, not an instance. */
export type HeadVerdict = InstanceHead | 'DICOMDIR';

const MEDIA_STORAGE_DIRECTORY = '1.2.840.10008.1.3.10';

/**
 * Reads a Part 10 file to its end.
 * @throws {ImagingError} `NOT_PART10` | `MALFORMED_META` | `MALFORMED_DATA_SET` | `MISSING_ATTRIBUTE` | `INVALID_UID` |
 *   `HEADER_TOO_LARGE` | `TRUNCATED_INSTANCE` | `INSTANCE_TOO_LARGE` | `INFLATION_LIMIT`
 */
export async function inspectInstance(
  file: AsyncIterable<Uint8Array>,
  limits: Partial<InstanceLimits> = {},
): Promise<InspectedInstance> {
  const inspection = new InstanceInspection({ ...DEFAULT_INSTANCE_LIMITS, ...limits });
  try {
    for await (const chunk of file) await inspection.update(chunk);
    return await inspection.finish();
  } finally {
    inspection.close();
  }
}

/** What `inspectInstance` tells, and the attributes that a DICOMDIR repeats. @throws {ImagingError} as it does */
export async function inspectForDirectory(
  file: AsyncIterable<Uint8Array>,
  limits: Partial<InstanceLimits> = {},
): Promise<{ readonly facts: InspectedInstance; readonly directorySource: DirectorySource }> {
  const inspection = new InstanceInspection({ ...DEFAULT_INSTANCE_LIMITS, ...limits }, DIRECTORY_ATTRIBUTES);
  try {
    for await (const chunk of file) await inspection.update(chunk);
    const facts = await inspection.finish();
    return { facts, directorySource: inspection.directorySource(facts.transferSyntaxUid) };
  } finally {
    inspection.close();
  }
}

/**
 * Reads as much of a Part 10 file as identifies it, at most `headerBytesMax` and the file meta information.
 * @throws {ImagingError} as `inspectInstance`
 */
export async function inspectHead(
  file: AsyncIterable<Uint8Array>,
  limits: Partial<InstanceLimits> = {},
): Promise<HeadVerdict> {
  const inspection = new InstanceInspection({ ...DEFAULT_INSTANCE_LIMITS, ...limits }, ACCESSION_ATTRIBUTES);
  try {
    for await (const chunk of file) {
      await inspection.update(chunk);
      if (inspection.isDirectory) return 'DICOMDIR';
      if (inspection.isHeaderSettled) return inspection.head();
    }
    await inspection.finish();
    return inspection.head();
  } catch (error) {
    if (inspection.isDirectory) return 'DICOMDIR';
    throw error;
  } finally {
    inspection.close();
  }
}

class InstanceInspection {
  private readonly fileHash = createHash('sha256');
  private readonly dataSetHash = createHash('sha256');
  private crc = 0;
  private sizeBytes = 0;
  private pending: Uint8Array = new Uint8Array(0);
  private meta: FileMeta | undefined;
  private reader: DataSetReader | undefined;
  private inflation: Inflation | undefined;
  private decodedBytes = 0;

  /** @param wanted - further attributes of the data set's root to keep */
  constructor(
    private readonly limits: InstanceLimits,
    private readonly wanted?: ReadonlySet<number>,
  ) {}

  get isHeaderSettled(): boolean {
    return this.reader?.isHeaderSettled === true;
  }

  get isDirectory(): boolean {
    return this.meta?.mediaStorageSopClassUid === MEDIA_STORAGE_DIRECTORY;
  }

  async update(chunk: Uint8Array): Promise<void> {
    this.sizeBytes += chunk.length;
    if (this.sizeBytes > this.limits.instanceBytesMax) {
      const info = { code: 'INSTANCE_TOO_LARGE', bytesMax: this.limits.instanceBytesMax } as const;
      throw new ImagingError(info, `expected at most ${info.bytesMax} bytes`);
    }
    this.fileHash.update(chunk);
    this.crc = crc32(chunk, this.crc);
    if (this.reader !== undefined) return this.updateDataSet(chunk);
    // The file meta information is bounded by readFileMeta, so what is pending stays small.
    this.pending = this.pending.length === 0 ? chunk.slice() : concatBytes(this.pending, chunk);
    await this.startDataSet(false);
  }

  async finish(): Promise<InspectedInstance> {
    if (this.reader === undefined) await this.startDataSet(true);
    await this.inflation?.end();
    this.reader?.end();
    return {
      ...this.header(),
      sizeBytes: this.sizeBytes,
      crc32: this.crc,
      sha256: new Uint8Array(this.fileHash.digest()),
      dataSetSha256: new Uint8Array(this.dataSetHash.digest()),
    };
  }

  header(): InstanceHeader {
    const { meta, reader } = this;
    if (meta === undefined || reader === undefined) {
      throw new ImagingError({ code: 'TRUNCATED_INSTANCE' }, 'the file ends before its data set');
    }
    const { dataSetOffset, transferSyntaxUid } = meta;
    return { ...reader.header(), transferSyntaxUid, dataSetOffset };
  }

  head(): InstanceHead {
    const header = this.header();
    const values = this.reader?.wantedValues() ?? new Map<number, Uint8Array>();
    return { ...header, accession: accessionFrom(values, layoutOf(header.transferSyntaxUid)) };
  }

  directorySource(transferSyntaxUid: string): DirectorySource {
    return { values: this.reader?.wantedValues() ?? new Map(), layout: layoutOf(transferSyntaxUid) };
  }

  close(): void {
    this.inflation?.close();
  }

  private async startDataSet(isWhole: boolean): Promise<void> {
    const meta = readFileMeta(this.pending, isWhole);
    if (meta === undefined) return;
    const layout = layoutOf(meta.transferSyntaxUid);
    const reader = new DataSetReader(layout, this.wanted);
    this.meta = meta;
    this.reader = reader;
    if (layout.deflated) {
      this.inflation = new Inflation(this.limits.inflatedBytesMax, (bytes) => this.readDecoded(reader, bytes));
    }
    const rest = this.pending.subarray(meta.dataSetOffset);
    this.pending = new Uint8Array(0);
    await this.updateDataSet(rest);
  }

  private async updateDataSet(chunk: Uint8Array): Promise<void> {
    this.dataSetHash.update(chunk);
    if (this.inflation !== undefined) await this.inflation.write(chunk);
    else if (this.reader !== undefined) this.readDecoded(this.reader, chunk);
  }

  private readDecoded(reader: DataSetReader, bytes: Uint8Array): void {
    reader.update(bytes);
    this.decodedBytes += bytes.length;
    if (!reader.isHeaderSettled && this.decodedBytes > this.limits.headerBytesMax) {
      const info = { code: 'HEADER_TOO_LARGE', bytesMax: this.limits.headerBytesMax } as const;
      throw new ImagingError(info, `the identifying attributes stand in the first ${info.bytesMax} bytes`);
    }
  }
}
