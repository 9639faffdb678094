/** What one instance may cost before it is believed. Every bound is checked before the bytes behind it are used. */
export interface InstanceLimits {
  /** Largest Part 10 file, in bytes; default 4 GiB. */
  readonly instanceBytesMax: number;
  /** The identifying attributes must lie within this many (inflated) bytes of the data set; default 1 MiB. */
  readonly headerBytesMax: number;
  /** Largest inflated data set of the deflated transfer syntaxes, in bytes; default 1 GiB. */
  readonly inflatedBytesMax: number;
}

/** What one received file-set may cost. */
export interface ImportLimits extends InstanceLimits {
  /** Largest ZIP, in bytes; default 64 GiB. Longer streams are cut off unread. */
  readonly zipBytesMax: number;
  /** Most entries of the ZIP, folders included; default 100,000. */
  readonly entriesMax: number;
  /** Largest sum of uncompressed sizes, in bytes; default 64 GiB. */
  readonly contentBytesMax: number;
  /** Largest uncompressed / compressed size of an entry above 1 MiB; default 100. */
  readonly compressionRatioMax: number;
  /** Longest time for judging the ZIP, besides 1 s for each 8 MiB of it, in ms; default 60,000. */
  readonly inspectionMsMax: number;
  /** Most memory for what judging builds up, in MiB; default 256. Buffers of constant size come on top. */
  readonly inspectionMemoryMiBMax: number;
}

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

export const DEFAULT_INSTANCE_LIMITS: InstanceLimits = {
  instanceBytesMax: 4 * GIB,
  headerBytesMax: MIB,
  inflatedBytesMax: GIB,
};

export const DEFAULT_IMPORT_LIMITS: ImportLimits = {
  ...DEFAULT_INSTANCE_LIMITS,
  zipBytesMax: 64 * GIB,
  entriesMax: 100_000,
  contentBytesMax: 64 * GIB,
  compressionRatioMax: 100,
  inspectionMsMax: 60_000,
  inspectionMemoryMiBMax: 256,
};

/** Most instances of one study: what the 8-character names IM000001 to IM999999 and a careful reader can hold. */
export const INSTANCES_MAX = 100_000;
