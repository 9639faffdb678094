/** The recipient's side: a hostile stream goes into quarantine and comes out as a checked study, or leaves nothing behind. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { equalBytes } from '@radledger/primitives';
import { ImagingError } from './errors.js';
import { ZIP_NAME } from './file-set-judge.js';
import { DEFAULT_IMPORT_POLICY, type ImportPolicy } from './import-policy.js';
import type { InspectedInstance } from './instance-inspector.js';
import { inWorker } from './in-worker.js';
import { DEFAULT_IMPORT_LIMITS, type ImportLimits } from './limits.js';
import { type PatientChange, validateChange } from './local-patient.js';
import { createManifest, type Manifest } from './manifest.js';
import { Quarantine } from './quarantine.js';
import { onDisk, writeQuarantined } from './quarantine-disk.js';
import type { QuarantinedStudy } from './quarantined-study.js';

const QUARANTINE_PREFIX = 'import-';

export interface ImportOptions {
  /** The ZIP as it arrives; left early when it breaks a limit. */
  readonly stream: AsyncIterable<Uint8Array>;
  /** Made when absent, mode 0700. Belongs to imports alone: `clearQuarantine` erases what a crash left in it. */
  readonly quarantineFolder: string;
  readonly limits?: Partial<ImportLimits>;
  readonly policy?: Partial<ImportPolicy>;
  /** Ends the judging; its reason is thrown. The stream is the caller's to end. */
  readonly signal?: AbortSignal;
  /** What the ledger and the sender promised. */
  readonly expected?: {
    readonly studyInstanceUid?: string;
    readonly zipSha256?: Uint8Array;
    /** True when the manifest is the one that the ledger's content commitment covers. */
    readonly isCommitted?: (manifest: Manifest, studyInstanceUid: string) => boolean | Promise<boolean>;
  };
  /**
   * Told of a study that passed every check: who the patient is in the recipient's own archive. The instances are then
   * filed under that patient and keep the sender's in their Original Attributes Sequence; `manifest` stays what was sent.
   * Default, and for undefined: as received.
   */
  readonly reconcile?: (study: QuarantinedStudy) => Promise<PatientChange | undefined>;
}

/**
 * Receives a study. Every byte is written to a fresh folder in quarantine and synced; then a worker of its own judges the
 * ZIP's directory and reads each instance to its end; all of them must be of one study. Only what passes is handed out;
 * on any error the quarantine is erased first.
 * @throws {ImagingError} limits: `ZIP_TOO_LARGE` | `TOO_MANY_ENTRIES` | `COMPRESSION_RATIO` | `INSPECTION_ABORTED`; the
 *   ZIP: `INVALID_ZIP` | `UNSAFE_ENTRY_NAME` | `UNSUPPORTED_ENTRY` | `ENTRY_MISMATCH`; the study: what `inspectInstance`
 *   throws | `EMPTY_STUDY` | `MIXED_STUDIES` | `DUPLICATE_INSTANCE`; the policy: `TRANSFER_SYNTAX_REFUSED` |
 *   `SOP_CLASS_REFUSED`; the promise: `UNEXPECTED_STUDY` | `CONTENT_MISMATCH`; the hook:
 *   `LOCAL_PATIENT_REFUSED`; the disk: `FOLDER_UNUSABLE`; and what the
 *   stream itself throws, unchanged
 */
export async function importFileSet(options: ImportOptions): Promise<QuarantinedStudy> {
  const limits: ImportLimits = { ...DEFAULT_IMPORT_LIMITS, ...options.limits };
  const policy: ImportPolicy = { ...DEFAULT_IMPORT_POLICY, ...options.policy };
  const folder = await openQuarantine(resolve(options.quarantineFolder));
  try {
    const received = await receive(options.stream, join(folder, ZIP_NAME), limits.zipBytesMax);
    const { expected } = options;
    if (expected?.zipSha256 !== undefined && !equalBytes(expected.zipSha256, received.zipSha256)) {
      throw contentMismatch('the ZIP is the one that was promised');
    }
    const { zipBytes } = received;
    const judged = await inWorker({ kind: 'judge', folder, zipBytes, limits, policy }, options.signal);
    const study = checkStudy(judged.map(({ facts }) => facts));
    if (expected?.studyInstanceUid !== undefined && expected.studyInstanceUid !== study.studyInstanceUid) {
      throw new ImagingError({ code: 'UNEXPECTED_STUDY' }, 'the file-set holds the study that was asked for');
    }
    if (expected?.isCommitted && !(await expected.isCommitted(study.manifest, study.studyInstanceUid))) {
      throw contentMismatch('the manifest is the one that the ledger commits to');
    }
    const quarantined = new Quarantine(folder, { ...study, ...received, judged });
    const change = await options.reconcile?.(quarantined);
    if (change === undefined) return quarantined;
    validateChange(change);
    const rewrite = { kind: 'rewrite', folder, zipBytes, limits, instances: judged, change } as const;
    const instances = await inWorker(rewrite, options.signal);
    return new Quarantine(folder, { ...study, ...received, judged: instances });
  } catch (error) {
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
  return writeQuarantined(path, async (write) => {
    const hash = createHash('sha256');
    let zipBytes = 0;
    for await (const chunk of stream) {
      zipBytes += chunk.length;
      if (zipBytes > bytesMax) {
        throw new ImagingError({ code: 'ZIP_TOO_LARGE', bytesMax }, `expected at most ${bytesMax} bytes`);
      }
      hash.update(chunk);
      await write(chunk);
    }
    return { zipBytes, zipSha256: new Uint8Array(hash.digest()) };
  });
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

function contentMismatch(rule: string): ImagingError {
  return new ImagingError({ code: 'CONTENT_MISMATCH' }, rule);
}
