/** Keys that are the same in every run. */
import { createSigner, publicKeyOf, type Signer, sha256, utf8 } from '@radledger/primitives';

export interface TestSource {
  readonly name: string;
  /** Its key is the source id. */
  readonly signer: Signer;
  readonly nodeSigner: Signer;
  readonly vrfSeed: Uint8Array;
  readonly vrfKey: Uint8Array;
}

/** A key that is the same in every run. */
export function seedOf(name: string): Uint8Array {
  return sha256(utf8(`radledger test key ${name}`));
}

export async function testSource(name: string): Promise<TestSource> {
  const vrfSeed = seedOf(`${name} vrf`);
  return {
    name,
    signer: await createSigner(seedOf(`${name} source`)),
    nodeSigner: await createSigner(seedOf(`${name} node`)),
    vrfSeed,
    vrfKey: await publicKeyOf(vrfSeed),
  };
}
