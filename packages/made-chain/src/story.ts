/** Transactions that fill a chain: studies of many owners, and grants on them. */
import { createSigner, type Signer, sha256, utf8 } from '@radledger/primitives';
import { createTransaction, type SignedTransaction, signAcceptance, signKeyProof } from '@radledger/transactions';
import { type MadeVoter, seedOf } from './voters.js';

export interface Story {
  /** Fills in name, URL and pins of a genesis source: before its first study. */
  defineSource(voter: MadeVoter, height: number): Promise<SignedTransaction>;
  /** A study with an owner of its own. */
  defineStudy(voter: MadeVoter, study: string, height: number): Promise<SignedTransaction>;
  allowAccess(voter: MadeVoter, grant: StoryGrant & { readonly notAfterMs: number }): Promise<SignedTransaction>;
  revokeAccess(voter: MadeVoter, grant: StoryGrant): Promise<SignedTransaction>;
}

export interface StoryGrant {
  readonly study: string;
  readonly tag: string;
  /** Of the block that it is meant for. */
  readonly height: number;
}

const EXPIRY_HEIGHTS = 256;

/** Ids are hashes of names, so that a test can name what it looks for. */
export function storyId(name: string): Uint8Array {
  return sha256(utf8(`radledger made chain id ${name}`));
}

export function createStory(chainId: Uint8Array): Story {
  let newestOwner: { readonly study: string; readonly signer: Promise<Signer> } | undefined;
  const ownerOf = (study: string): Promise<Signer> => {
    if (newestOwner?.study !== study) newestOwner = { study, signer: createSigner(seedOf(`owner ${study}`)) };
    return newestOwner.signer;
  };
  return {
    async defineSource({ signer, nodeSigner, vrfSeed, vrfKey }, height) {
      const source = signer.publicKey;
      const proofOf = (role: 'node' | 'vrf', key: Signer) => signKeyProof({ chainId, source, role, key });
      return createTransaction({
        chainId,
        kind: 'define-source',
        signer,
        expiryHeight: height + EXPIRY_HEIGHTS,
        payload: {
          source,
          name: 'Imaging centre',
          baseUrl: 'https://centre.example',
          tlsPins: [storyId('pin')],
          nodeKey: nodeSigner.publicKey,
          nodeKeyProof: await proofOf('node', nodeSigner),
          vrfKey,
          vrfKeyProof: await proofOf('vrf', await createSigner(vrfSeed)),
          admission: undefined,
        },
      });
    },
    async defineStudy({ signer }, study, height) {
      const source = signer.publicKey;
      const owner = await ownerOf(study);
      return createTransaction({
        chainId,
        kind: 'define-study',
        signer,
        expiryHeight: height + EXPIRY_HEIGHTS,
        payload: {
          source,
          studyId: storyId(study),
          owner: owner.publicKey,
          acceptance: await signAcceptance({ chainId, source, owner }),
          content: storyId(`content ${study}`),
        },
      });
    },
    async allowAccess({ signer }, { study, tag, height, notAfterMs }) {
      return createTransaction({
        chainId,
        kind: 'allow-access',
        signer: await ownerOf(study),
        expiryHeight: height + EXPIRY_HEIGHTS,
        payload: {
          source: signer.publicKey,
          studyId: storyId(study),
          tag: storyId(tag),
          sequence: 1,
          notAfterMs,
          scope: 0,
          consentReceiptHash: undefined,
        },
      });
    },
    async revokeAccess({ signer }, { study, tag }) {
      return createTransaction({
        chainId,
        kind: 'revoke-access',
        signer: await ownerOf(study),
        expiryHeight: 0,
        payload: { source: signer.publicKey, studyId: storyId(study), tag: storyId(tag), sequence: 2 },
      });
    },
  };
}
