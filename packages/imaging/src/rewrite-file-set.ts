/** Writes the instances of a quarantined study anew with the recipient's own patient; called in a worker. */
import { createHash, type Hash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { createDeflateRaw } from 'node:zlib';
import { concatBytes, equalBytes } from '@radledger/primitives';
import { DataSetReader, type RootElement } from './data-set-reader.js';
import { ImagingError } from './errors.js';
import type { JudgedInstance } from './instance-judge.js';
import { Inflation } from './inflation.js';
import type { ImportLimits } from './limits.js';
import { EDITED_TAGS, type Edit, editsOf, type PatientChange } from './local-patient.js';
import { withoutPreamble } from './preamble.js';
import { onDisk, rangeOf, writeQuarantined } from './quarantine-disk.js';
import { type DataSetLayout, layoutOf } from './transfer-syntax.js';

/** Longest element that is repeated in memory: an Original Attributes Sequence that is there already. */
const ELEMENT_BYTES_MAX = 64 * 1024;
/** Begins the name of the folder beside what was received. */
const PREFIX = 'local-';
/** Most elements at the root before Pixel Data. */
const ELEMENTS_MAX = 20_000;

export interface RewriteTask {
  readonly folder: string;
  readonly receivedBytes: number;
  readonly limits: ImportLimits;
  readonly instances: readonly JudgedInstance[];
  readonly change: PatientChange;
}

/** @throws {ImagingError} `LOCAL_PATIENT_REFUSED` | `MALFORMED_DATA_SET` | `QUARANTINE_CHANGED` | `FOLDER_UNUSABLE` */
export async function rewriteFileSet(task: RewriteTask): Promise<readonly JudgedInstance[]> {
  await eraseLeftovers(task);
  const inside = await onDisk(() => mkdtemp(join(task.folder, PREFIX)));
  try {
    const rewritten: JudgedInstance[] = [];
    for (const [i, instance] of task.instances.entries()) {
      rewritten.push(await rewrite(instance, join(basename(inside), `${i}.dcm`), task));
    }
    return rewritten;
  } catch (error) {
    await rm(inside, { recursive: true, force: true });
    throw error;
  }
}

/** What an earlier try wrote: the study stayed for this one. */
async function eraseLeftovers({ folder, instances }: RewriteTask): Promise<void> {
  const used = new Set(instances.map(({ place }) => dirname(place.file)));
  for (const name of await readdir(folder)) {
    if (name.startsWith(PREFIX) && !used.has(name)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

async function rewrite(instance: JudgedInstance, file: string, task: RewriteTask): Promise<JudgedInstance> {
  const { facts, place, isPreambleDropped } = instance;
  const layout = layoutOf(facts.transferSyntaxUid);
  const stored = (): AsyncIterable<Uint8Array> => rangeOf(join(task.folder, place.file), place.offset, facts.sizeBytes);
  const dataSet = (): AsyncIterable<Uint8Array> =>
    decoded(skipped(stored(), facts.dataSetOffset), layout, task.limits.inflatedBytesMax);
  const edits = await planEdits(dataSet, layout, task.change);
  const hash = createHash('sha256');
  // A study may have waited here for days: what is written under the new patient is what was checked.
  const checked = createHash('sha256');
  const sizeBytes = await writeQuarantined(join(task.folder, file), async (write) => {
    let written = 0;
    const put = async (chunk: Uint8Array): Promise<void> => {
      hash.update(chunk);
      written += chunk.length;
      await write(chunk);
    };
    const head = rangeOf(join(task.folder, place.file), place.offset, facts.dataSetOffset);
    for await (const chunk of hashed(isPreambleDropped ? withoutPreamble(head) : head, checked)) await put(chunk);
    const body = hashed(skipped(stored(), facts.dataSetOffset), checked);
    const edited = spliced(decoded(body, layout, task.limits.inflatedBytesMax), edits);
    for await (const chunk of layout.deflated ? deflated(edited) : edited) await put(chunk);
    if (!equalBytes(checked.digest(), facts.sha256)) {
      throw new ImagingError({ code: 'QUARANTINE_CHANGED' }, 'the quarantine holds what was checked');
    }
    // A deflate stream may end at an odd byte; a data set does not (PS3.5, A.5).
    if (written % 2 === 1) await put(new Uint8Array(1));
    return written;
  });
  const sha256 = new Uint8Array(hash.digest());
  return { facts: { ...facts, sizeBytes, sha256 }, place: { file, offset: 0 }, isPreambleDropped: false };
}

async function planEdits(
  dataSet: () => AsyncIterable<Uint8Array>,
  layout: DataSetLayout,
  change: PatientChange,
): Promise<readonly Edit[]> {
  const elements: RootElement[] = [];
  const reader = new DataSetReader(layout, undefined, (element) => {
    if (elements.length === ELEMENTS_MAX) throw unexpected(`at most ${ELEMENTS_MAX} elements at the root`);
    if (element.tag <= (elements.at(-1)?.tag ?? -1)) throw unexpected('elements in ascending order');
    elements.push(element);
  });
  for await (const chunk of dataSet()) reader.update(chunk);
  const raw = new Map<number, Uint8Array>();
  for (const { tag, start, end } of elements) {
    if (!EDITED_TAGS.has(tag)) continue;
    if (end - start > ELEMENT_BYTES_MAX)
      throw unexpected(`at most ${ELEMENT_BYTES_MAX} bytes in an element to be kept`);
    raw.set(tag, await within(dataSet(), start, end));
  }
  return editsOf(change, layout, elements, raw);
}

/** A stream with some of its bytes taken out and others put in. */
async function* spliced(stream: AsyncIterable<Uint8Array>, edits: readonly Edit[]): AsyncGenerator<Uint8Array> {
  const left = [...edits];
  let position = 0;
  for await (const chunk of stream) {
    const end = position + chunk.length;
    let at = position;
    while (left[0] !== undefined && left[0].start < end) {
      const edit = left[0];
      if (edit.start >= at) {
        if (edit.start > at) yield chunk.subarray(at - position, edit.start - position);
        if (edit.bytes.length > 0) yield edit.bytes;
      }
      at = Math.min(end, Math.max(at, edit.end));
      if (edit.end > end) break;
      left.shift();
    }
    if (at < end) yield chunk.subarray(at - position);
    position = end;
  }
  for (const { start, bytes } of left) if (start >= position && bytes.length > 0) yield bytes;
}

async function* hashed(stream: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    hash.update(chunk);
    yield chunk;
  }
}

async function* skipped(stream: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const chunk of stream) {
    if (left < chunk.length) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

async function within(stream: AsyncIterable<Uint8Array>, start: number, end: number): Promise<Uint8Array> {
  const found: Uint8Array[] = [];
  let position = 0;
  for await (const chunk of stream) {
    found.push(chunk.slice(Math.max(0, start - position), Math.max(0, end - position)));
    position += chunk.length;
    if (position >= end) break;
  }
  return concatBytes(...found);
}

async function* decoded(
  stream: AsyncIterable<Uint8Array>,
  layout: DataSetLayout,
  bytesMax: number,
): AsyncGenerator<Uint8Array> {
  if (!layout.deflated) {
    yield* stream;
    return;
  }
  let ready: Uint8Array[] = [];
  const inflation = new Inflation(bytesMax, (bytes) => ready.push(bytes.slice()));
  const taken = (): readonly Uint8Array[] => {
    const chunks = ready;
    ready = [];
    return chunks;
  };
  try {
    for await (const chunk of stream) {
      await inflation.write(chunk);
      yield* taken();
    }
    await inflation.end();
    yield* taken();
  } finally {
    inflation.close();
  }
}

async function* deflated(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const deflate = createDeflateRaw();
  // The error of either comes out of the iteration.
  pipeline(Readable.from(stream), deflate, () => undefined);
  yield* deflate as AsyncIterable<Uint8Array>;
}

function unexpected(rule: string): ImagingError {
  return new ImagingError({ code: 'MALFORMED_DATA_SET' }, `expected ${rule}`);
}
