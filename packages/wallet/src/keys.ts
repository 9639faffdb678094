/** Keys from the seed: SLIP-0010 for Ed25519, all hardened. Spec: docs/spec/wallet-keys.md, sections 2 to 4. */
import { HDKey } from 'micro-key-producer/slip10.js';
import { deriveSealingKeyPair, type SealingKeyPair } from '@radledger/handover';
import { createSigner, hash, type Signer } from '@radledger/primitives';
import { seedOf } from './words.js';

/** First path element of each kind of key; all hardened. */
export const PURPOSE = { studyOwner: 21043, recipient: 21044, sealing: 21045, backup: 21046 } as const;

/** How far beyond the last matched or used key a branch is searched. No wallet promises a key farther away. */
export const GAP_LIMIT = 50;

const HARDENED = 0x8000_0000;

/** The keys of one profile of one seed. */
export interface WalletKeys {
  /** The signer of `index` on the branch of a source. */
  ownerSigner(branch: number, index: number): Promise<Signer>;
  /** Its 32-byte public key, without a signer: what restore compares. */
  ownerKey(branch: number, index: number): Uint8Array;
  /** Pair to which the owner's notes at one source are sealed. */
  noteKeyPair(branch: number): Promise<SealingKeyPair>;
  /** Pair to which another owner seals what this person needs as her delegate or successor. */
  sealingKeyPair(branch: number, index: number): Promise<SealingKeyPair>;
}

/**
 * The branch of a source: 31 bits of a hash of its id. Two sources that fall on one branch share one counter, so no key is
 * ever given to both.
 */
export function branchOf(source: Uint8Array): number {
  const digest = hash('radledger/wallet-branch/1', source);
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0) & 0x7fff_ffff;
}

/** @param profile - 0 for the holder, 1 and up for those she acts for */
export async function deriveWalletKeys(entropy: Uint8Array, profile: number): Promise<WalletKeys> {
  const root = HDKey.fromMasterSeed(await seedOf(entropy));
  const branches = new Map<string, HDKey>();
  const branchNode = (purpose: number, branch: number): HDKey => {
    const id = `${purpose}/${branch}`;
    const known = branches.get(id);
    if (known !== undefined) return known;
    const node = [purpose, profile, branch].reduce((parent, index) => parent.deriveChild(HARDENED + index), root);
    branches.set(id, node);
    return node;
  };
  const leaf = (purpose: number, branch: number, index: number) =>
    branchNode(purpose, branch).deriveChild(HARDENED + index);
  return {
    ownerSigner: (branch, index) => createSigner(leaf(PURPOSE.studyOwner, branch, index).privateKey),
    ownerKey: (branch, index) => leaf(PURPOSE.studyOwner, branch, index).publicKeyRaw,
    noteKeyPair: (branch) => deriveSealingKeyPair(leaf(PURPOSE.backup, branch, 0).privateKey),
    sealingKeyPair: (branch, index) => deriveSealingKeyPair(leaf(PURPOSE.sealing, branch, index).privateKey),
  };
}
