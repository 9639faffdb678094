/** Voters with keys that are the same in every run. */
import { createSigner, publicKeyOf, type Signer, sha256, utf8 } from '@radledger/primitives';

export interface MadeVoter {
  /** Its key is the source id. */
  readonly signer: Signer;
  readonly nodeSigner: Signer;
  readonly vrfSeed: Uint8Array;
  readonly vrfKey: Uint8Array;
}

/** A private key of a name. */
export function seedOf(name: string): Uint8Array {
  return sha256(utf8(`radledger made chain ${name}`));
}

export function madeVoters(count: number): Promise<readonly MadeVoter[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const vrfSeed = seedOf(`vrf ${index}`);
      return {
        signer: await createSigner(seedOf(`source ${index}`)),
        nodeSigner: await createSigner(seedOf(`node ${index}`)),
        vrfSeed,
        vrfKey: await publicKeyOf(vrfSeed),
      };
    }),
  );
}
