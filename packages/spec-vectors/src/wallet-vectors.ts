import { branchOf, deriveWalletKeys, seedOf, wordsOf } from '@radledger/wallet';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { asJson, fill, type VectorFile } from './vector-file.js';

export async function walletVectors(): Promise<VectorFile> {
  const entropies = [fill(0, 16), fill(0xff, 16), Uint8Array.from({ length: 16 }, (_, index) => index * 15)];
  const indices = [0, 1, 19, 2 ** 31 - 1];
  return {
    name: 'wallet-keys',
    spec: 'wallet-keys.md',
    cases: await Promise.all(
      entropies.map(async (entropy, profile) => {
        const source = fill(profile + 7);
        const branch = branchOf(source);
        const keys = await deriveWalletKeys(entropy, profile);
        const words = wordsOf(entropy).split(' ');
        return {
          name: `profile ${profile}`,
          input: asJson({ entropy, words, profile, source, indices }),
          output: asJson({
            wordIndices: words.map((word) => wordlist.indexOf(word)),
            seed: await seedOf(entropy),
            branch,
            ownerKeys: indices.map((index) => keys.ownerKey(branch, index)),
            sealingKeys: await Promise.all(
              indices.map(async (index) => (await keys.sealingKeyPair(branch, index)).publicKey),
            ),
            noteKey: (await keys.noteKeyPair(branch)).publicKey,
          }),
        };
      }),
    ),
  };
}
