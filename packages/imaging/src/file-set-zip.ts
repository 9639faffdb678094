/** Opens a received ZIP and judges its directory before a byte of content is used. Spec: docs/spec/file-set.md, section 6. */
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { ImagingError } from './errors.js';
import type { ImportLimits } from './limits.js';

const STORED = 0;
const DEFLATED = 8;
const LOCAL_HEADER_BYTES = 30;
const RATIO_FREE_BYTES = 1024 * 1024;
const NAME_BYTES_MAX = 255;
const UNIX = 3;
const FILE_TYPE = 0o170000;
const REGULAR_FILE = 0o100000;
const FOLDER = 0o040000;

/** One file of the ZIP that passed the rules. */
export interface ZipMember {
  /** Position in the ZIP's directory, for errors: names can hold names of patients. */
  readonly index: number;
  readonly entry: Entry;
}

/** Whether the bytes of a member lie in the ZIP as they are. */
export function isStored({ entry }: ZipMember): boolean {
  return entry.compressionMethod === STORED;
}

/**
 * Reads the directory of a ZIP. Folders and a DICOMDIR at the root are passed over; the caller closes `zip`.
 * @throws {ImagingError} `INVALID_ZIP` | `TOO_MANY_ENTRIES` | `UNSAFE_ENTRY_NAME` | `UNSUPPORTED_ENTRY` |
 *   `COMPRESSION_RATIO` | `ZIP_TOO_LARGE`
 */
export async function openFileSetZip(
  path: string,
  zipBytes: number,
  limits: ImportLimits,
): Promise<{ zip: ZipFile; members: readonly ZipMember[] }> {
  // Names are judged here on their raw bytes, and never become paths: yauzl's decoding of them is not needed.
  const options = { lazyEntries: true, autoClose: false, decodeStrings: false, validateEntrySizes: true } as const;
  const zip = await openPromise(path, options).catch((cause: unknown) => {
    throw new ImagingError({ code: 'INVALID_ZIP' }, 'expected a whole ZIP', { cause });
  });
  try {
    return { zip, members: await judgeDirectory(zip, zipBytes, limits) };
  } catch (error) {
    zip.close();
    throw error;
  }
}

async function judgeDirectory(zip: ZipFile, zipBytes: number, limits: ImportLimits): Promise<readonly ZipMember[]> {
  if (zip.entryCount > limits.entriesMax) {
    const info = { code: 'TOO_MANY_ENTRIES', entriesMax: limits.entriesMax } as const;
    throw new ImagingError(info, `expected at most ${limits.entriesMax} entries`);
  }
  const members: ZipMember[] = [];
  const names = new Set<string>();
  let storedBytes = 0;
  let contentBytes = 0;
  let index = 0;
  for await (const entry of entriesOf(zip)) {
    const rawName = entry.fileName as unknown as Uint8Array;
    const name = safeName(rawName, index);
    if (names.has(name)) throw unsafeName(index, 'names stand once');
    names.add(name);
    const isFolder = name.endsWith('/');
    requireSupported(entry, isFolder, index);
    storedBytes += LOCAL_HEADER_BYTES + rawName.length + entry.compressedSize;
    contentBytes += entry.uncompressedSize;
    // Entries that share bytes are how a small ZIP holds a huge one.
    if (storedBytes > zipBytes) throw new ImagingError({ code: 'INVALID_ZIP' }, 'entries overlap');
    if (contentBytes > limits.contentBytesMax) {
      const info = { code: 'ZIP_TOO_LARGE', bytesMax: limits.contentBytesMax } as const;
      throw new ImagingError(info, `expected at most ${limits.contentBytesMax} bytes of content`);
    }
    const { compressionRatioMax: ratioMax } = limits;
    if (entry.uncompressedSize > RATIO_FREE_BYTES && entry.uncompressedSize > ratioMax * entry.compressedSize) {
      const info = { code: 'COMPRESSION_RATIO', index, ratioMax } as const;
      throw new ImagingError(info, `expected entries that inflate at most ${ratioMax} times`);
    }
    if (!isFolder && name !== 'DICOMDIR') members.push({ index, entry });
    index++;
  }
  return members;
}

async function* entriesOf(zip: ZipFile): AsyncGenerator<Entry> {
  try {
    yield* zip.eachEntry();
  } catch (cause) {
    if (cause instanceof ImagingError) throw cause;
    throw new ImagingError({ code: 'INVALID_ZIP' }, 'expected a whole ZIP directory', { cause });
  }
}

function safeName(raw: Uint8Array, index: number): string {
  if (raw.length === 0 || raw.length > NAME_BYTES_MAX)
    throw unsafeName(index, `names have 1 to ${NAME_BYTES_MAX} bytes`);
  // Latin-1 keeps every byte apart; the characters below are ASCII in every encoding a ZIP may use.
  const name = String.fromCharCode(...raw);
  if (/[\0-\x1f\x7f\\:]/.test(name)) throw unsafeName(index, 'names hold no control character, backslash or colon');
  const parts = (name.endsWith('/') ? name.slice(0, -1) : name).split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw unsafeName(index, 'names are relative and stay inside');
  }
  return name;
}

function requireSupported(entry: Entry, isFolder: boolean, index: number): void {
  const unsupported = (rule: string) => new ImagingError({ code: 'UNSUPPORTED_ENTRY', index }, rule);
  if (entry.isEncrypted()) throw unsupported('entries are not encrypted');
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED) {
    throw unsupported('entries are stored or deflated');
  }
  if (entry.versionMadeBy >> 8 === UNIX) {
    const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE;
    if (type !== 0 && type !== (isFolder ? FOLDER : REGULAR_FILE)) throw unsupported('no links, no devices');
  }
  if (isFolder && entry.uncompressedSize > 0) throw unsupported('a folder has no content');
}

function unsafeName(index: number, rule: string): ImagingError {
  return new ImagingError({ code: 'UNSAFE_ENTRY_NAME', index }, rule);
}
