/** A study that passed: hands its instances out as they will be filed, from plain byte ranges on the disk. */
import { createHash } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { equalBytes } from '@radledger/primitives';
import { ImagingError } from './errors.js';
import { syncFolder } from './folder/stored-file.js';
import { inWorker } from './in-worker.js';
import type { JudgedInstance } from './instance-judge.js';
import type { ImportLimits } from './limits.js';
import { type PatientChange, validateChange } from './local-patient.js';
import { bySopInstanceUid, type Manifest } from './manifest.js';
import type { FiledStudy } from './pacs-connector.js';
import { withoutPreamble } from './preamble.js';
import { onDisk, rangeOf } from './quarantine-disk.js';
import type { QuarantinedInstance, QuarantinedStudy, StudySink } from './quarantined-study.js';
import { noteBeside, type StudyNote } from './set-aside.js';
import type { StudyDescription } from './study-description.js';

export class Quarantine implements QuarantinedStudy {
  readonly studyInstanceUid: string;
  readonly manifest: Manifest;
  readonly instances: readonly QuarantinedInstance[];
  private isClosed = false;

  constructor(
    private readonly folder: string,
    private readonly study: StudyNote,
    private readonly limits: ImportLimits,
  ) {
    this.studyInstanceUid = study.studyInstanceUid;
    this.manifest = study.manifest;
    const sorted = study.judged.toSorted((a, b) => bySopInstanceUid(a.facts, b.facts));
    this.instances = sorted.map((judged) => {
      const { crc32: _crc32, dataSetSha256: _dataSetSha256, ...shown } = judged.facts;
      return { ...shown, open: () => this.checkedBytes(judged) };
    });
  }

  describe(signal?: AbortSignal): Promise<StudyDescription> {
    return inWorker({ kind: 'describe', ...this.judgedPart() }, signal);
  }

  async underPatient(change: PatientChange, signal?: AbortSignal): Promise<QuarantinedStudy> {
    if (this.isClosed) throw closed();
    validateChange(change);
    const judged = await inWorker({ kind: 'rewrite', change, ...this.judgedPart() }, signal);
    this.isClosed = true;
    return new Quarantine(this.folder, { ...this.study, judged }, this.limits);
  }

  async setAside(folder: string): Promise<Uint8Array> {
    if (this.isClosed) throw closed();
    const sha256 = await noteBeside(this.folder, this.study);
    await onDisk(async () => {
      await syncFolder(this.folder);
      await rename(this.folder, folder);
      await syncFolder(dirname(folder));
    });
    this.isClosed = true;
    return sha256;
  }

  async file(sink: StudySink): Promise<FiledStudy> {
    if (this.isClosed) throw closed();
    const filed = await sink.fileStudy(this);
    await this.discard();
    return filed;
  }

  async discard(): Promise<void> {
    this.isClosed = true;
    await onDisk(() => rm(this.folder, { recursive: true, force: true }));
  }

  /** What a worker is told of this study. */
  private judgedPart() {
    const { judged } = this.study;
    const receivedBytes = judged.reduce((sum, { facts }) => sum + facts.sizeBytes, 0);
    return { folder: this.folder, limits: this.limits, instances: judged, receivedBytes };
  }

  /** The last chunk waits until the hash over all of them is known to be the judged one. */
  private async *checkedBytes({
    facts,
    place,
    isPreambleDropped,
  }: JudgedInstance): AsyncGenerator<Uint8Array, void, void> {
    if (this.isClosed) throw closed();
    const hash = createHash('sha256');
    let held: Uint8Array | undefined;
    try {
      const stored = rangeOf(join(this.folder, place.file), place.offset, facts.sizeBytes);
      for await (const chunk of isPreambleDropped ? withoutPreamble(stored) : stored) {
        if (this.isClosed) throw closed();
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

function closed(): ImagingError {
  return new ImagingError({ code: 'QUARANTINE_CLOSED' }, 'the study was filed or discarded already');
}

function quarantineChanged(cause?: unknown): ImagingError {
  return new ImagingError({ code: 'QUARANTINE_CHANGED' }, 'the quarantine holds what was checked', { cause });
}
