import { readFileSync } from 'node:fs';
import {
  createSigner,
  fromHex,
  isStrictPublicKey,
  toHex,
  utf8,
  verify,
  vrfProofToHash,
  vrfProve,
} from '@radledger/primitives';
import { keyOf } from './parties.js';
import { asJson, fill, type VectorCase, type VectorFile } from './vector-file.js';

export async function signatureVectors(): Promise<VectorFile[]> {
  return [
    { name: 'ed25519', spec: 'signatures.md', cases: await signatures() },
    { name: 'ed25519-judged', spec: 'signatures.md', cases: await specCheck() },
    { name: 'strict-keys', spec: 'signatures.md', cases: await strictKeys() },
    { name: 'vrf', spec: 'signatures.md', cases: proofs() },
  ];
}

function signatures(): Promise<VectorCase[]> {
  return Promise.all(
    [new Uint8Array(), utf8('radledger'), fill(7, 1_000)].map(async (message, index) => {
      const seed = fill(index + 1);
      const signer = await createSigner(seed);
      return {
        name: `message of ${message.length} bytes`,
        input: asJson({ seed, message }),
        output: asJson({ publicKey: signer.publicKey, signature: await signer.sign(message) }),
      };
    }),
  );
}

/** The twelve borderline cases of ed25519-speccheck, on which libraries disagree, judged by ZIP-215. */
function specCheck(): Promise<VectorCase[]> {
  const file = new URL('../../../tests/data/vectors/ed25519-speccheck.json', import.meta.url);
  const cases = JSON.parse(readFileSync(file, 'utf8')) as readonly {
    readonly message: string;
    readonly pub_key: string;
    readonly signature: string;
  }[];
  return Promise.all(
    cases.map(async ({ message, pub_key: publicKey, signature }, index) => ({
      name: `ed25519-speccheck ${index}`,
      input: { publicKey, message, signature },
      output: await verify(fromHex(publicKey), fromHex(message), fromHex(signature)),
    })),
  );
}

async function strictKeys(): Promise<VectorCase[]> {
  const ff = 'ff'.repeat(30);
  const keys: readonly (readonly [name: string, key: string])[] = [
    ['an honest key', toHex(await keyOf(1))],
    ['another, of the other sign', toHex(await keyOf(2))],
    ['order 1', `01${'00'.repeat(31)}`],
    ['order 1, sign set', `01${'00'.repeat(30)}80`],
    ['order 2', `ec${ff}7f`],
    ['order 4', '00'.repeat(32)],
    ['order 4, sign set', `${'00'.repeat(31)}80`],
    ['order 8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
    ['order 8, sign set', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85'],
    ['order 8, other y', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
    ['order 8, other y, sign set', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa'],
    ['p for 0', `ed${ff}7f`],
    ['p + 1 for 1', `ee${ff}7f`],
    ['p + 3 for 3', `f0${ff}7f`],
    ['2^255 - 1, sign set', `ff${ff}ff`],
  ];
  return keys.map(([name, key]) => ({ name, input: key, output: isStrictPublicKey(fromHex(key)) }));
}

/** Seeds and inputs of RFC 9381, appendix B.3, examples 16 to 18. */
function proofs(): VectorCase[] {
  const examples: readonly (readonly [seed: string, alpha: string])[] = [
    ['9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', ''],
    ['4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', '72'],
    ['c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7', 'af82'],
  ];
  return examples.map(([seed, alpha], index) => {
    const proof = vrfProve(fromHex(seed), fromHex(alpha));
    return {
      name: `RFC 9381, example ${16 + index}`,
      input: { seed, alpha },
      output: asJson({ proof, output: vrfProofToHash(proof) }),
    };
  });
}
