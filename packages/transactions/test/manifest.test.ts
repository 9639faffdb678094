import { encodeCanonical, hash, sha256, toHex, utf8 } from '@radledger/primitives';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contentOf, createManifest, decodeManifest, encodeManifest, type ManifestEntry } from '../src/index.js';

const entry = (sopInstanceUid: string): ManifestEntry => ({
  sopInstanceUid,
  transferSyntaxUid: '1.2.840.10008.1.2.1',
  sha256: sha256(utf8(sopInstanceUid)),
});

const uid = fc.stringMatching(/^[0-9.]{1,64}$/);

test('any order of instances gives one manifest, and it survives its bytes', () => {
  fc.assert(
    fc.property(fc.uniqueArray(uid, { minLength: 1, maxLength: 20 }), fc.nat(), (uids, cut) => {
      const one = createManifest(uids.map(entry));
      const two = createManifest([...uids.slice(cut % uids.length), ...uids.slice(0, cut % uids.length)].map(entry));
      expect(two).toEqual(one);
      expect(decodeManifest(encodeManifest(one))).toEqual(one);
      const contentSalt = sha256(utf8('salt'));
      expect(toHex(contentOf({ contentSalt, manifest: one }))).toBe(
        toHex(
          hash(
            'radledger/content/1',
            contentSalt,
            one.map((item) => [item.sopInstanceUid, item.transferSyntaxUid, item.sha256]),
          ),
        ),
      );
    }),
    { seed: 3, numRuns: 200 },
  );
});

test('bytewise order: "1.10" before "1.9"', () => {
  expect(createManifest([entry('1.9'), entry('1.10')]).map(({ sopInstanceUid }) => sopInstanceUid)).toEqual([
    '1.10',
    '1.9',
  ]);
});

test('each fault has its code', () => {
  const code = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      return (error as { code: string }).code;
    }
    return 'accepted';
  };
  expect(code(() => createManifest([]))).toBe('MANIFEST_EMPTY');
  expect(code(() => createManifest([entry('1.2'), entry('1.2')]))).toBe('DUPLICATE_INSTANCE');
  expect(code(() => createManifest([entry('1.2a')]))).toBe('UID_INVALID');
  expect(code(() => createManifest([{ ...entry('1.2'), sha256: new Uint8Array(20) }]))).toBe('INSTANCE_HASH_INVALID');
  expect(code(() => encodeManifest([entry('1.9'), entry('1.10')]))).toBe('MANIFEST_NOT_SORTED');
  const triple = (one: string): (string | Uint8Array)[] => [one, '1.2', new Uint8Array(32)];
  expect(code(() => decodeManifest(encodeCanonical([triple('2'), triple('1')])))).toBe('MANIFEST_NOT_SORTED');
  expect(code(() => decodeManifest(encodeCanonical([['1.2', '1.2']])))).toBe('MALFORMED');
  expect(code(() => decodeManifest(new Uint8Array([0xc1])))).toBe('MALFORMED');
  expect(code(() => decodeManifest(encodeCanonical([])))).toBe('MANIFEST_EMPTY');
});
