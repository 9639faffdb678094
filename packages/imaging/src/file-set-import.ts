/** The recipient's side: a hostile stream goes into quarantine and comes out as a checked study, or leaves nothing behind. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { equalBytes } from '@radledger/primitives';
import type { ZipFile } from 'yauzl';
import { ImagingError } from './errors.js';
import { FileWriter } from './file-writer.js';
import { openFileSetZip, type ZipMember } from './file-set-zip.js';
import { type InspectedInstance, inspectInstance } from './instance-inspector.js';
import { DEFAULT_IMPORT_LIMITS, type ImportLimits } from './limits.js';
import { bySopInstanceUid, createManifest, type Manifest } from './manifest.js';
import type { FiledStudy } from './pacs-connector.js';
import type { QuarantinedInstance, QuarantinedStudy, StudySink } from './quarantined-study.js';

const QUARANTINE_PREFIX = 'import-';

export interface ImportOptions {
  /** The ZIP as it arrives; left early when it breaks a limit. */
  readonly stream: AsyncIterable<Uint8Array>;
  /** Made when absent, mode 0700. Belongs to imports alone: `clearQuarantine` erases what a crash left in it. */
  readonly quarantineFolder: string;
  readonly limits?: Partial<ImportLimits>;
  /** What the ledger and the sender promised. */
  readonly expected?: {
    readonly studyInstanceUid?: string;
    readonly zipSha256?: Uint8Array;
    /** True when the manifest is the one that the ledger's content commitment covers. */
    readonly isCommitted?: (manifest: Manifest, studyInstanceUid: string) => boolean | Promise<boolean>;
  };
}

/**
 * Receives a study. Every byte is written to a fresh folder in quarantine and synced, then the ZIP's directory is judged,
 * then each instance is read to its end; all of them must be of one study. Only what passes is handed out; on any error
 * the quarantine is erased first.
 * @throws {ImagingError} limits: `ZIP_TOO_LARGE` | `TOO_MANY_ENTRIES` | `COMPRESSION_RATIO`; the ZIP: `INVALID_ZIP` |
 *   `UNSAFE_ENTRY_NAME` | `UNSUPPORTED_ENTRY` | `ENTRY_MISMATCH`; the study: what `inspectInstance` throws |
 *   `EMPTY_STUDY` | `MIXED_STUDIES` | `DUPLICATE_INSTANCE`; the promise: `UNEXPECTED_STUDY` | `CONTENT_MISMATCH`;
 *   the disk: `FOLDER_UNUSABLE`; and what the stream itself throws, unchanged
 */
export async function importFileSet(options: ImportOptions): Promise<QuarantinedStudy> {
  const limits: ImportLimits = { ...DEFAULT_IMPORT_LIMITS, ...options.limits };
  const folder = await openQuarantine(resolve(options.quarantineFolder));
  let zip: ZipFile | undefined;
  try {
    const path = join(folder, 'study.zip');
    const received = await receive(options.stream, path, limits.zipBytesMax);
    const { expected } = options;
    if (expected?.zipSha256 !== undefined && !equalBytes(expected.zipSha256, received.zipSha256)) {
      throw contentMismatch('the ZIP is the one that was promised');
    }
    const opened = await openFileSetZip(path, received.zipBytes, limits);
    zip = opened.zip;
    const inspected: { facts: InspectedInstance; member: ZipMember }[] = [];
    for (const member of opened.members) {
      inspected.push({ facts: await inspectMember(zip, member, limits), member });
    }
    const study = checkStudy(inspected.map(({ facts }) => facts));
    if (expected?.studyInstanceUid !== undefined && expected.studyInstanceUid !== study.studyInstanceUid) {
      throw new ImagingError({ code: 'UNEXPECTED_STUDY' }, 'the file-set holds the study that was asked for');
    }
    if (expected?.isCommitted && !(await expected.isCommitted(study.manifest, study.studyInstanceUid))) {
      throw contentMismatch('the manifest is the one that the ledger commits to');
    }
    return new Quarantine(folder, zip, { ...study, ...received, inspected });
  } catch (error) {
    zip?.close();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Erases what a crash left in quarantine. Call at start, while no import runs into the folder. */
export async function clearQuarantine(quarantineFolder: string): Promise<void> {
  const folder = resolve(quarantineFolder);
  await onDisk(async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(folder)) {
      if (name.startsWith(QUARANTINE_PREFIX)) await rm(join(folder, name), { recursive: true, force: true });
    }
  });
}

async function openQuarantine(folder: string): Promise<string> {
  return onDisk(async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return mkdtemp(join(folder, QUARANTINE_PREFIX));
  });
}

async function receive(
  stream: AsyncIterable<Uint8Array>,
  path: string,
  bytesMax: number,
): Promise<{ zipBytes: number; zipSha256: Uint8Array }> {
  const handle = await onDisk(() => open(path, 'wx', 0o600));
  const writer = new FileWriter(handle);
  try {
    const hash = createHash('sha256');
    let zipBytes = 0;
    for await (const chunk of stream) {
      zipBytes += chunk.length;
      if (zipBytes > bytesMax) {
        throw new ImagingError({ code: 'ZIP_TOO_LARGE', bytesMax }, `expected at most ${bytesMax} bytes`);
      }
      hash.update(chunk);
      await onDisk(() => writer.write(chunk));
    }
    await onDisk(() => writer.finish());
    return { zipBytes, zipSha256: new Uint8Array(hash.digest()) };
  } finally {
    await writer.settled();
    await handle.close();
  }
}

async function inspectMember(zip: ZipFile, member: ZipMember, limits: ImportLimits): Promise<InspectedInstance> {
  const facts = await inspectInstance(memberBytes(zip, member), limits);
  if (facts.crc32 !== member.entry.crc32 || facts.sizeBytes !== member.entry.uncompressedSize) throw mismatch(member);
  return facts;
}

/** The bytes of a member; yauzl's complaints about them come out coded. */
async function* memberBytes(zip: ZipFile, member: ZipMember): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* (await zip.openReadStreamPromise(member.entry)) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw mismatch(member, cause);
  }
}

function checkStudy(instances: readonly InspectedInstance[]): { studyInstanceUid: string; manifest: Manifest } {
  const manifest = createManifest(
    instances.map(({ sopInstanceUid, transferSyntaxUid, dataSetSha256 }) => ({
      sopInstanceUid,
      transferSyntaxUid,
      sha256: dataSetSha256,
    })),
  );
  const studies = new Set(instances.map(({ studyInstanceUid }) => studyInstanceUid));
  const [studyInstanceUid] = studies;
  if (studyInstanceUid === undefined || studies.size > 1) {
    throw new ImagingError({ code: 'MIXED_STUDIES' }, 'a file-set holds one study');
  }
  return { studyInstanceUid, manifest };
}

class Quarantine implements QuarantinedStudy {
  readonly studyInstanceUid: string;
  readonly manifest: Manifest;
  readonly instances: readonly QuarantinedInstance[];
  readonly zipSha256: Uint8Array;
  readonly zipBytes: number;
  private isClosed = false;

  constructor(
    private readonly folder: string,
    private readonly zip: ZipFile,
    study: Pick<QuarantinedStudy, 'studyInstanceUid' | 'manifest' | 'zipSha256' | 'zipBytes'> & {
      readonly inspected: readonly { readonly facts: InspectedInstance; readonly member: ZipMember }[];
    },
  ) {
    this.studyInstanceUid = study.studyInstanceUid;
    this.manifest = study.manifest;
    this.zipSha256 = study.zipSha256;
    this.zipBytes = study.zipBytes;
    const sorted = study.inspected.toSorted((a, b) => bySopInstanceUid(a.facts, b.facts));
    this.instances = sorted.map(({ facts, member }) => {
      const { crc32: _crc32, dataSetSha256: _dataSetSha256, ...shown } = facts;
      return { ...shown, open: () => this.checkedBytes(facts, member) };
    });
  }

  async file(sink: StudySink): Promise<FiledStudy> {
    if (this.isClosed) throw closed();
    const filed = await sink.fileStudy(this);
    await this.discard();
    return filed;
  }

  async discard(): Promise<void> {
    if (!this.isClosed) {
      this.isClosed = true;
      this.zip.close();
    }
    await onDisk(() => rm(this.folder, { recursive: true, force: true }));
  }

  private async *checkedBytes(facts: InspectedInstance, member: ZipMember): AsyncGenerator<Uint8Array, void, void> {
    if (this.isClosed) throw closed();
    const hash = createHash('sha256');
    let held: Uint8Array | undefined;
    try {
      for await (const chunk of memberBytes(this.zip, member)) {
        hash.update(chunk);
        if (held !== undefined) yield held;
        held = chunk;
      }
    } catch (cause) {
      if (this.isClosed) throw closed();
      throw quarantineChanged(cause);
    }
    if (!equalBytes(hash.digest(), facts.sha256)) throw quarantineChanged();
    if (held !== undefined) yield held;
  }
}

/** The system's own errors name paths; a full or read-only disk is for the operator to repair. */
async function onDisk<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const systemCode = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new ImagingError({ code: 'FOLDER_UNUSABLE', systemCode }, 'expected a quarantine folder with space to write');
  }
}

function mismatch(member: ZipMember, cause?: unknown): ImagingError {
  const info = { code: 'ENTRY_MISMATCH', index: member.index } as const;
  return new ImagingError(info, 'an entry has the size and CRC-32 that the directory says', { cause });
}

function contentMismatch(rule: string): ImagingError {
  return new ImagingError({ code: 'CONTENT_MISMATCH' }, rule);
}

function closed(): ImagingError {
  return new ImagingError({ code: 'QUARANTINE_CLOSED' }, 'the study was filed or discarded already');
}

function quarantineChanged(cause?: unknown): ImagingError {
  return new ImagingError({ code: 'QUARANTINE_CHANGED' }, 'the quarantine holds what was checked', { cause });
}
