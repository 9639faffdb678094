/** A folder of the quarantine in which one study arrives, in one try or in several. Spec: docs/spec/file-set.md, section 7. */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { equalBytes, toHex } from '@radledger/primitives';
import { ImagingError } from './errors.js';
import { ZIP_NAME } from './file-set-judge.js';
import { DEFAULT_IMPORT_POLICY, type ImportPolicy } from './import-policy.js';
import { inWorker } from './in-worker.js';
import type { JudgedInstance } from './instance-judge.js';
import { DEFAULT_IMPORT_LIMITS, type ImportLimits } from './limits.js';
import type { Manifest, ManifestEntry } from './manifest.js';
import { onDisk, writeQuarantined } from './quarantine-disk.js';
import type { QuarantinedStudy } from './quarantined-study.js';
import { receiveZip } from './receive-zip.js';
import { type AdmissionOptions, admitStudy } from './study-admission.js';

export interface IntakeOptions extends AdmissionOptions {
  /** Of this study alone; made when the first byte arrives, mode 0700. What is in it after a break, the next intake finds. */
  readonly folder: string;
}

/**
 * Takes a study in: as a ZIP, or instance by instance. Whatever fails leaves what arrived in the folder, until `discard`. Nothing that was
 * held is believed: it passes the checks of what has just come.
 */
export interface StudyIntake {
  /** Whether an earlier try left anything. */
  hasArrived(): Promise<boolean>;
  /**
   * Receives the study as a ZIP. Where it repeats bytes that are here, they are not written again.
   * @throws {ImagingError} as `importFileSet`; what the stream throws
   */
  receiveFileSet(stream: AsyncIterable<Uint8Array>): Promise<QuarantinedStudy>;
  /**
   * The entries of a manifest that are not here whole; what is here and in no entry is dropped. To be called before instances are received.
   * @throws {ImagingError} `INSPECTION_ABORTED` | `FOLDER_UNUSABLE`
   */
  missingOf(manifest: Manifest): Promise<Manifest>;
  /**
   * Receives the file of one entry; it is judged by `admit`. May run for several entries at a time.
   * @throws {ImagingError} `INSTANCE_TOO_LARGE` | `ZIP_TOO_LARGE` when all of them are | `FOLDER_UNUSABLE`; what the stream throws
   */
  receiveInstance(entry: ManifestEntry, file: AsyncIterable<Uint8Array>): Promise<void>;
  /**
   * The study of what was here and what was received since.
   * @throws {ImagingError} as `importFileSet`; `CONTENT_MISMATCH` also when a file is not the entry that it came for
   */
  admit(): Promise<QuarantinedStudy>;
  /** Erases the folder. */
  discard(): Promise<void>;
}

/** An instance that came by itself, by the hash of its data set. */
export const INSTANCE_FILE = /^[0-9a-f]{64}\.dcm$/;

export function openIntake(options: IntakeOptions): StudyIntake {
  const folder = resolve(options.folder);
  const limits: ImportLimits = { ...DEFAULT_IMPORT_LIMITS, ...options.limits };
  const policy: ImportPolicy = { ...DEFAULT_IMPORT_POLICY, ...options.policy };
  const { signal } = options;
  const held = new Map<string, JudgedInstance>();
  /** By the names of their files. */
  const received = new Map<string, ManifestEntry>();
  let receivedBytes = 0;

  /** Made when absent; what an earlier try inflated or wrote anew is not what arrived. */
  const prepare = async (): Promise<readonly string[]> =>
    onDisk(async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const names = await readdir(folder);
      const arrived = names.filter((name) => name === ZIP_NAME || INSTANCE_FILE.test(name));
      for (const name of names)
        if (!arrived.includes(name)) {
          await rm(join(folder, name), { recursive: true, force: true });
        }
      return arrived;
    });
  const admitted = (instances: readonly JudgedInstance[]): Promise<QuarantinedStudy> =>
    admitStudy({ folder, instances, limits }, options);

  return {
    async hasArrived() {
      const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return [];
        throw new ImagingError({ code: 'FOLDER_UNUSABLE', systemCode: error.code ?? 'unknown' }, 'expected a folder');
      });
      return names.some((name) => name === ZIP_NAME || INSTANCE_FILE.test(name));
    },

    async receiveFileSet(stream) {
      await prepare();
      const { zipBytes, zipSha256 } = await receiveZip(stream, join(folder, ZIP_NAME), limits.zipBytesMax);
      const promised = options.expected?.zipSha256;
      if (promised !== undefined && !equalBytes(promised, zipSha256)) {
        throw new ImagingError({ code: 'CONTENT_MISMATCH' }, 'the ZIP is the one that was promised');
      }
      return admitted(await inWorker({ kind: 'judge', folder, zipBytes, limits, policy }, signal));
    },

    async missingOf(manifest) {
      const names = await prepare();
      const sizes = await onDisk(() => Promise.all(names.map(async (name) => (await stat(join(folder, name))).size)));
      const files = names.filter((name) => name !== ZIP_NAME);
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      const found =
        names.length === 0
          ? []
          : await inWorker({ kind: 'held', folder, files, receivedBytes: bytes, limits, policy }, signal);
      const entries = new Map(manifest.map((entry) => [entry.sopInstanceUid, entry]));
      for (const instance of found) {
        const entry = entries.get(instance.facts.sopInstanceUid);
        if (entry !== undefined && isOf(entry, instance)) held.set(entry.sopInstanceUid, instance);
      }
      return manifest.filter(({ sopInstanceUid }) => !held.has(sopInstanceUid));
    },

    async receiveInstance(entry, file) {
      const name = `${toHex(entry.sha256)}.dcm`;
      const arriving = join(folder, `${name}.part`);
      let sizeBytes = 0;
      await writeQuarantined(arriving, async (write) => {
        for await (const chunk of file) {
          sizeBytes += chunk.length;
          receivedBytes += chunk.length;
          if (sizeBytes > limits.instanceBytesMax) {
            const info = { code: 'INSTANCE_TOO_LARGE', bytesMax: limits.instanceBytesMax } as const;
            throw new ImagingError(info, `expected at most ${info.bytesMax} bytes`);
          }
          if (receivedBytes > limits.contentBytesMax) {
            const info = { code: 'ZIP_TOO_LARGE', bytesMax: limits.contentBytesMax } as const;
            throw new ImagingError(info, `expected at most ${info.bytesMax} bytes of content`);
          }
          await write(chunk);
        }
      });
      await onDisk(() => rename(arriving, join(folder, name)));
      received.set(name, entry);
    },

    async admit() {
      const files = [...received.keys()];
      const judged =
        files.length === 0
          ? []
          : await inWorker({ kind: 'files', folder, files, receivedBytes, limits, policy }, signal);
      const entries = [...received.values()];
      if (!judged.every((instance, index) => isOf(entries[index], instance))) {
        throw new ImagingError({ code: 'CONTENT_MISMATCH' }, 'a file is the instance that it came for');
      }
      return admitted([...held.values(), ...judged]);
    },

    discard: () => onDisk(() => rm(folder, { recursive: true, force: true })),
  };
}

function isOf(entry: ManifestEntry | undefined, { facts }: JudgedInstance): boolean {
  return (
    entry?.sopInstanceUid === facts.sopInstanceUid &&
    entry.transferSyntaxUid === facts.transferSyntaxUid &&
    equalBytes(entry.sha256, facts.dataSetSha256)
  );
}
