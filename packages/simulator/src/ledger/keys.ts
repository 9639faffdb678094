import { createSigner, hash, type Signer } from '@radledger/primitives';

/** A source with keys that are the same in every run. Votes and random proofs are stand-ins; transactions are really signed. */
export interface SourceKeys {
  readonly signer: Signer;
  readonly nodeSigner: Signer;
  readonly vrfSigner: Signer;
}

export function seedOf(name: string): Uint8Array {
  return hash('sim/key', name);
}

const made = new Map<number, Promise<SourceKeys>>();

export function sourceKeys(node: number): Promise<SourceKeys> {
  const known = made.get(node) ?? makeKeys(node);
  made.set(node, known);
  return known;
}

async function makeKeys(node: number): Promise<SourceKeys> {
  const [signer, nodeSigner, vrfSigner] = await Promise.all(
    ['source', 'node', 'vrf'].map((role) => createSigner(seedOf(`${role} ${node}`))),
  );
  return { signer, nodeSigner, vrfSigner } as SourceKeys;
}
