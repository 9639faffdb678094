/** The file-set plan: everything that fixes the bytes of a served study. Spec: docs/spec/file-set.md, section 3. */
import { createHash } from 'node:crypto';
import {
  bytes,
  decodeWith,
  encodeWith,
  list,
  literal,
  optional,
  PrimitivesError,
  type Schema,
  struct,
  text,
  uint,
} from '@radledger/primitives';
import { DicomdirWriter } from './dicomdir.js';
import { ImagingError } from './errors.js';
import { fileSetName } from './file-set-names.js';
import { directoryEntry, writeFileSet } from './file-set-stream.js';
import type { InstanceHeader } from './instance-header.js';
import { inspectForDirectory } from './instance-inspector.js';
import { type InstanceLimits, INSTANCES_MAX } from './limits.js';
import { bySopInstanceUid, createManifest, duplicateInstance, type Manifest } from './manifest.js';
import type { StudySnapshot } from './pacs-connector.js';
import { storedZipBytes } from './stored-zip.js';
import { isUid } from './uid.js';

/** One file of the file-set, in the order of the plan. */
export interface FileSetEntry extends InstanceHeader {
  /** Name in the ZIP: `IMAGES/IM000001`, then counting up. Follows from the position; not encoded. */
  readonly name: string;
  /** Size of the Part 10 file, in bytes. */
  readonly sizeBytes: number;
  readonly crc32: number;
  /** SHA-256 of the whole Part 10 file, 32 bytes. */
  readonly sha256: Uint8Array;
  /** SHA-256 of the data set (all after group 0002), 32 bytes: what the manifest holds. */
  readonly dataSetSha256: Uint8Array;
}

export interface FileSetPlan {
  readonly studyInstanceUid: string;
  /** The DICOMDIR, a Part 10 file: first in the ZIP. */
  readonly directory: Uint8Array;
  /** Sorted by the bytes of the SOP Instance UID, like the manifest. */
  readonly entries: readonly FileSetEntry[];
  /** Size of the ZIP in bytes: what a Content-Length may promise. */
  readonly zipBytes: number;
  /** SHA-256 of the ZIP, 32 bytes. */
  readonly zipSha256: Uint8Array;
}

/**
 * Plans how a study will be served. Reads every instance twice: once for its facts, once for the hash of the ZIP, which
 * has each CRC-32 before the bytes it covers; the second reading also proves that the archive gives the same bytes again.
 * @throws {ImagingError} `EMPTY_STUDY` | `TOO_MANY_INSTANCES` | `MIXED_STUDIES` | `DUPLICATE_INSTANCE` |
 *   `INSTANCE_CHANGED`, and what a broken instance throws in `inspectInstance`; nothing is kept then
 */
export async function planFileSet(
  snapshot: StudySnapshot,
  options: { readonly limits?: Partial<InstanceLimits> } = {},
): Promise<FileSetPlan> {
  const { studyInstanceUid, instances } = snapshot;
  if (instances.length === 0) throw new ImagingError({ code: 'EMPTY_STUDY' }, 'a study has at least one instance');
  if (instances.length > INSTANCES_MAX) {
    const info = { code: 'TOO_MANY_INSTANCES', instancesMax: INSTANCES_MAX } as const;
    throw new ImagingError(info, `expected at most ${INSTANCES_MAX} instances`);
  }
  const ordered = instances.toSorted(bySopInstanceUid);
  const entries: FileSetEntry[] = [];
  const directoryWriter = new DicomdirWriter();
  for (const [position, instance] of ordered.entries()) {
    if (instance.sopInstanceUid === ordered[position - 1]?.sopInstanceUid) throw duplicateInstance();
    const { facts, directorySource } = await inspectForDirectory(instance.open(), options.limits);
    if (facts.studyInstanceUid !== studyInstanceUid) {
      throw new ImagingError({ code: 'MIXED_STUDIES' }, 'an instance of the snapshot belongs to another study');
    }
    if (facts.sopInstanceUid !== instance.sopInstanceUid) {
      const info = { code: 'INSTANCE_CHANGED', index: position } as const;
      throw new ImagingError(info, 'an instance is not the one that the snapshot named');
    }
    const name = fileSetName(position);
    entries.push({ name, ...facts });
    directoryWriter.add(name, facts, directorySource);
  }
  const directory = directoryWriter.finish();
  const zipBytes = storedZipBytes([directoryEntry(directory), ...entries]);
  const draft = { studyInstanceUid, directory, entries, zipBytes };
  const hash = createHash('sha256');
  for await (const chunk of writeFileSet(draft, snapshot)) hash.update(chunk);
  return { ...draft, zipSha256: new Uint8Array(hash.digest()) };
}

/** The manifest of a plan: what the source commits to on the ledger. */
export function manifestOf(plan: Pick<FileSetPlan, 'entries'>): Manifest {
  return createManifest(
    plan.entries.map(({ sopInstanceUid, transferSyntaxUid, dataSetSha256 }) => ({
      sopInstanceUid,
      transferSyntaxUid,
      sha256: dataSetSha256,
    })),
  );
}

/** Canonical bytes of a plan, for the source's own store. */
export function encodeFileSetPlan(plan: FileSetPlan): Uint8Array {
  return encodeWith(planSchema, { ...plan, format: 2 });
}

/**
 * Reads a plan back and checks all that follows from the rest of it: order, names and the size of the ZIP.
 * @throws {ImagingError} `INVALID_PLAN`
 */
export function decodeFileSetPlan(encoded: Uint8Array): FileSetPlan {
  const { format: _format, ...plan } = decodePlan(encoded);
  const { studyInstanceUid } = plan;
  const entries = plan.entries.map((entry, position) => ({ name: fileSetName(position), studyInstanceUid, ...entry }));
  for (let i = 1; i < entries.length; i++) {
    const [before, entry] = entries.slice(i - 1, i + 1) as [FileSetEntry, FileSetEntry];
    if (bySopInstanceUid(before, entry) >= 0) throw invalidPlan(`entries[${i}]`, 'entries ascend by SOP Instance UID');
  }
  if (storedZipBytes([directoryEntry(plan.directory), ...entries]) !== plan.zipBytes) {
    throw invalidPlan('zipBytes', 'the size follows from the directory and the entries');
  }
  return { ...plan, entries };
}

const uid: Schema<string> = {
  encode: (value) => value,
  decode(value, path = '') {
    const decoded = text({ max: 64, min: 1 }).decode(value, path);
    if (!isUid(decoded)) throw invalidPlan(path, 'expected a UID');
    return decoded;
  },
};
/** A record of an image with the longest UIDs has less than 400 bytes. */
const DIRECTORY_BYTES_MAX = 64 * 1024 + 1024 * INSTANCES_MAX;
/** 512 bytes an entry are more than the longest UIDs need. */
const PLAN_BYTES_MAX = 1024 + 512 * INSTANCES_MAX + DIRECTORY_BYTES_MAX;
const sha256 = bytes({ length: 32 });
const planSchema = struct({
  format: literal(2),
  studyInstanceUid: uid,
  directory: bytes({ max: DIRECTORY_BYTES_MAX }),
  entries: list(
    struct({
      seriesInstanceUid: uid,
      sopInstanceUid: uid,
      sopClassUid: uid,
      transferSyntaxUid: uid,
      instanceNumber: optional(uint(2 ** 31 - 1)),
      dataSetOffset: uint(),
      sizeBytes: uint(),
      crc32: uint(0xffffffff),
      sha256,
      dataSetSha256: sha256,
    }),
    { min: 1, max: INSTANCES_MAX },
  ),
  zipBytes: uint(),
  zipSha256: sha256,
});

function decodePlan(encoded: Uint8Array) {
  try {
    return decodeWith(planSchema, encoded, { bytesMax: PLAN_BYTES_MAX });
  } catch (cause) {
    if (!(cause instanceof PrimitivesError)) throw cause;
    const path = cause.info.code === 'SCHEMA_MISMATCH' ? cause.info.path : '';
    throw new ImagingError({ code: 'INVALID_PLAN', path }, 'expected the canonical bytes of a plan', { cause });
  }
}

function invalidPlan(path: string, rule: string): ImagingError {
  return new ImagingError({ code: 'INVALID_PLAN', path }, rule);
}
