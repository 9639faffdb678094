/** What a source may answer to a claim that is not so, each sealed to her as a true answer is. */
import {
  type Claim,
  generateSealingKeyPair,
  openSealed,
  type StudyDisclosure,
  sealClaimReply,
  sealTo,
} from '@radledger/handover';
import {
  type CanonicalValue,
  createSigner,
  decodeCanonical,
  encodeCanonical,
  generateSeed,
  type Signer,
} from '@radledger/primitives';

const PURPOSE = 'radledger/claim-reply/1';
/** Places in the signed part: docs/spec/links.md, section 6. */
const [STUDY_ID, OWNER_KEY, LABEL] = [3, 4, 10];

export const LIES = [
  'another document hash',
  'a label too long',
  'a label that turns text round',
  'another owner',
  'another key',
] as const;
export type Lie = (typeof LIES)[number];

/** @param told - what would be true */
export async function lyingReply(input: {
  readonly claim: Claim;
  readonly told: StudyDisclosure;
  readonly signer: Signer;
  readonly lie: Lie;
}): Promise<Uint8Array> {
  const { claim, told, signer, lie } = input;
  const own = await generateSealingKeyPair();
  const { chainId, claimHash, ownerKey } = claim;
  const context = { info: PURPOSE, aad: encodeCanonical([chainId, claimHash, [1, ownerKey]]) };
  // Made as it should be, for himself; then changed, signed again and sealed to her.
  const honest = await sealClaimReply({ claim: { ...claim, sealingKey: own.publicKey }, disclosure: told, signer });
  const reply = decodeCanonical(await openSealed(own, context, honest), { bytesMax: 4096 });
  if (!Array.isArray(reply) || !Array.isArray(reply[0])) throw new Error('a reply is a body and a signature');
  const body = [...(reply[0] as readonly CanonicalValue[])];
  const another = await createSigner(generateSeed());
  if (lie === 'another document hash') body[STUDY_ID] = another.publicKey;
  if (lie === 'a label too long') body[LABEL] = 'W'.repeat(129);
  if (lie === 'a label that turns text round') body[LABEL] = 'MRI\u202e, knee';
  if (lie === 'another owner') body[OWNER_KEY] = [1, another.publicKey];
  const signed = await (lie === 'another key' ? another : signer).sign(encodeCanonical([PURPOSE, chainId, body]));
  return sealTo(claim.sealingKey, context, encodeCanonical([body, [1, signed]]));
}
