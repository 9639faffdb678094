/** The source's sealed answer to a claim. Spec: docs/spec/links.md, section 6. */
import { type Signer, sha256 } from '@radledger/primitives';
import { type Claim, decodeClaim } from './claim.js';
import type { SealingKeyPair } from './sealing.js';
import {
  openDisclosure,
  type SignedStudyDisclosure,
  type StudyDisclosure,
  sealDisclosure,
} from './study-disclosure.js';

/**
 * Answers a verified claim: `disclosure.ownerKey` is the claim's owner key.
 * @param input.signer - the source's current signing key
 * @throws {HandoverError} `NOT_FOR_US` | `TEXT_REFUSED` | `STUDY_ID_MISMATCH` | `KEY_REFUSED`
 */
export function sealClaimReply(input: {
  claim: Claim;
  disclosure: StudyDisclosure;
  signer: Signer;
}): Promise<Uint8Array> {
  const { claim, disclosure, signer } = input;
  return sealDisclosure({
    purpose: 'radledger/claim-reply/1',
    chainId: claim.chainId,
    requestHash: claim.claimHash,
    ownerKey: claim.ownerKey,
    sealingKey: claim.sealingKey,
    disclosure,
    signer,
  });
}

/**
 * Opens the answer to a claim.
 * @param input.claim - the bytes that were sent
 * @param input.signingKey - the source's current signing key, from its cell on the ledger
 * @throws {HandoverError} see `openDisclosure`
 */
export function openClaimReply(input: {
  claim: Uint8Array;
  sealed: Uint8Array;
  sealingKeyPair: SealingKeyPair;
  signingKey: Uint8Array;
}): Promise<SignedStudyDisclosure> {
  const { chainId, ownerKey, source } = decodeClaim(input.claim);
  return openDisclosure({
    purpose: 'radledger/claim-reply/1',
    chainId,
    requestHash: sha256(input.claim),
    ownerKey,
    source,
    signingKey: input.signingKey,
    sealed: input.sealed,
    sealingKeyPair: input.sealingKeyPair,
  });
}
