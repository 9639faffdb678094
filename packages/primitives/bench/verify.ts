// Question: what does the network's one signature rule cost beside the platform's bare verdict? (design section 6)
import { createPublicKey, verify as platformVerify } from 'node:crypto';
import { createSigner, generateSeed, hash, verify } from '@radledger/primitives';

interface Sample {
  readonly key: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/** Verifies `count` signatures by keys never seen before, both cores; the floor does the same with node:crypto alone. */
export async function run({ count = 20_000 }: { count?: number } = {}): Promise<{
  name: string;
  figure: number;
  unit: string;
  floor: number;
  floorName: string;
  ratio: number;
  target: number;
}> {
  const samples = await signatures(count);
  const figures: number[] = [];
  const floors: number[] = [];
  for (let round = 0; round < 5; round++) {
    floors.push(await rate(samples, nativeOnly));
    figures.push(await rate(samples, ({ key, message, signature }) => verify(key, message, signature)));
  }
  const figure = median(figures);
  const floor = median(floors);
  return {
    name: 'verify',
    figure,
    unit: 'signatures/s',
    floor,
    floorName: 'node:crypto verify on the thread pool, keys imported as JWK',
    ratio: figure / floor,
    target: 0.9,
  };
}

async function signatures(count: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (let i = 0; i < count; i++) {
    const signer = await createSigner(generateSeed());
    const message = hash('radledger/bench/1', i);
    samples.push({ key: signer.publicKey, message, signature: await signer.sign(message) });
  }
  return samples;
}

async function rate(samples: readonly Sample[], check: (sample: Sample) => Promise<boolean>): Promise<number> {
  const start = performance.now();
  const verdicts = await Promise.all(samples.map(check));
  const seconds = (performance.now() - start) / 1000;
  if (!verdicts.every(Boolean)) throw new Error('a valid signature was refused');
  return samples.length / seconds;
}

function nativeOnly({ key, message, signature }: Sample): Promise<boolean> {
  const x = Buffer.from(key).toString('base64url');
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return new Promise((resolve, reject) =>
    platformVerify(null, message, publicKey, signature, (error, valid) => (error ? reject(error) : resolve(valid))),
  );
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
