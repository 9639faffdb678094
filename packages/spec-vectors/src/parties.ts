/** Keys that are the same in every run: the seed of a party is one byte, 32 times. */
import { createSigner, type Signer } from '@radledger/primitives';
import { fill } from './vector-file.js';

const signers = new Map<number, Promise<Signer>>();

export function signerOf(byte: number): Promise<Signer> {
  const signer = signers.get(byte) ?? createSigner(fill(byte));
  signers.set(byte, signer);
  return signer;
}

export async function keyOf(byte: number): Promise<Uint8Array> {
  return (await signerOf(byte)).publicKey;
}
