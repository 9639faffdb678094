import { fromHex, toHex } from '@radledger/primitives';
import fc from 'fast-check';
import { HDKey } from 'micro-key-producer/slip10.js';
import { describe, expect, test } from 'vitest';
import { branchOf, deriveWalletKeys, entropyOf, looksLikeWords, seedOf, wordsOf } from '../src/index.js';

const ABOUT = 'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about';

describe('twelve words', () => {
  // Trezor's BIP39 vectors use the passphrase TREZOR; the seed of the empty passphrase is that of the BIP39 reference tools.
  test('give the published entropy and seed', async () => {
    expect(toHex(entropyOf(ABOUT))).toBe('00'.repeat(16));
    expect(toHex(await seedOf(entropyOf(ABOUT)))).toBe(
      '5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc19a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4',
    );
  });

  test('go to bytes and back, in any case and spacing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (entropy) => {
        const words = wordsOf(entropy);
        expect(entropyOf(`  ${words.toUpperCase().replaceAll(' ', '\n ')} `)).toEqual(entropy);
        expect(looksLikeWords(words)).toBe(true);
      }),
      { numRuns: 50, seed: 42 },
    );
  });

  test.each([
    ['count', 'abandon abandon'],
    ['unknown-word', ABOUT.replace('about', 'abouts')],
    ['checksum', ABOUT.replace('about', 'abandon')],
  ])('that are wrong by %s are refused without being repeated', (rule, words) => {
    try {
      entropyOf(words);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'WORDS_INVALID', info: { rule } });
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('abandon');
    }
  });

  test.each(['grant list', 'City Hospital radiology', '0123456789abcdef'.repeat(4)])(
    '%s does not look like words',
    (text) => {
      expect(looksLikeWords(text)).toBe(false);
    },
  );
});

describe('keys', () => {
  // SLIP-0010, test vector 1 for ed25519, chain m/0'.
  test('come from a SLIP-0010 that meets its published vector', () => {
    const node = HDKey.fromMasterSeed(fromHex('000102030405060708090a0b0c0d0e0f')).derive("m/0'");
    expect(toHex(node.privateKey)).toBe('68e0fe46dfb67e368c75379acec591dad19df3cde26e63b93a8e704f1dade7a3');
    expect(toHex(node.publicKeyRaw)).toBe('8c8a13df77a28f3445213a0f432fde644acaa215fc72dcdf300d5efaa85d350c');
  });

  test('stand on the documented path', async () => {
    const entropy = entropyOf(ABOUT);
    const source = new Uint8Array(32).fill(7);
    const branch = branchOf(source);
    const keys = await deriveWalletKeys(entropy, 3);
    const expected = HDKey.fromMasterSeed(await seedOf(entropy)).derive(`m/21043'/3'/${branch}'/5'`);
    expect(keys.ownerKey(branch, 5)).toEqual(expected.publicKeyRaw);
    expect((await keys.ownerSigner(branch, 5)).publicKey).toEqual(expected.publicKeyRaw);
  });

  test('have their vectors', async () => {
    const source = new Uint8Array(32).fill(7);
    const branch = branchOf(source);
    const keys = await deriveWalletKeys(entropyOf(ABOUT), 0);
    expect({
      branch,
      owner0: toHex(keys.ownerKey(branch, 0)),
      owner1: toHex(keys.ownerKey(branch, 1)),
      note: toHex((await keys.noteKeyPair(branch)).publicKey),
      sealing0: toHex((await keys.sealingKeyPair(branch, 0)).publicKey),
    }).toMatchInlineSnapshot(`
      {
        "branch": 205793412,
        "note": "f9b3907338a53e6ff0cbad9185782942c3744ea5621947c1f82e8e5097cbdf2e",
        "owner0": "28dfe3943b194cfcfaf0ea30eff62672db4117c189c0d6dc6535b90f6f4b2073",
        "owner1": "1dfd079cf3395112b2666bee1a89bb3c959f9c430718c062bb491468bceb92db",
        "sealing0": "ef8298068b16793080a61f0744abdfed31aec4965de9b36730f9939f37406a2d",
      }
    `);
  });

  test('differ by profile, source and index', async () => {
    const entropy = entropyOf(ABOUT);
    const [own, child] = [await deriveWalletKeys(entropy, 0), await deriveWalletKeys(entropy, 1)];
    const all = [own.ownerKey(1, 0), own.ownerKey(1, 1), own.ownerKey(2, 0), child.ownerKey(1, 0)].map(toHex);
    expect(new Set(all).size).toBe(4);
  });
});
