/** Claim of an invitation by a patient's app. Spec: docs/spec/links.md, section 5. */
import {
  bytes,
  encodeCanonical,
  encodeWith,
  equalBytes,
  equalSecrets,
  hkdfSha256,
  hmacSha256,
  type Infer,
  isStrictPublicKey,
  list,
  type Signer,
  sha256,
  struct,
  text,
  verifyFast,
} from '@radledger/primitives';
import { acceptanceMessage, signAcceptance } from '@radledger/transactions';
import { HandoverError } from './errors.js';
import { validateGatewayUrl } from './gateway-url.js';
import type { Invitation } from './invitation.js';
import { decodeMessage, format, gatewayUrl, id16, id32, key, sealingKey, signature, signedBytes } from './wire.js';

/** Keys for repeat visits that one claim may carry. */
export const PREKEYS_MAX = 20;
/** Largest claim on the wire. */
export const CLAIM_BYTES_MAX = 8192;

const CLAIM_TAG = 'radledger/claim/1';
const MAC_LABEL = 'radledger/claim-mac/1';

const acceptedKey = struct({ ownerKey: key, acceptance: signature });
const bodySchema = struct({
  format,
  chainId: id32,
  invitationId: id16,
  source: id32,
  gatewayApi: gatewayUrl,
  code: text({ min: 6, max: 6 }),
  ownerKey: key,
  acceptance: signature,
  prekeys: list(acceptedKey, { max: PREKEYS_MAX }),
  sealingKey,
});
type Body = Infer<typeof bodySchema>;
const schema = struct({ body: bodySchema, signature, mac: bytes({ length: 32 }) });

/** An owner key with its acceptance of design D6: a signature that lets this source name it as an owner, once. */
export interface AcceptedKey {
  readonly ownerKey: Uint8Array;
  readonly acceptance: Uint8Array;
}

/** A claim as received. Nothing in it may be believed before `verifyClaim` has returned. */
export interface Claim extends AcceptedKey {
  readonly chainId: Uint8Array;
  readonly invitationId: Uint8Array;
  readonly source: Uint8Array;
  readonly gatewayApi: string;
  /** Six decimal digits as typed by the patient; compare with `equalSecrets`, count wrong tries for the life of the invitation. */
  readonly code: string;
  /** Up to 20 further keys for repeat visits, each to be used once. */
  readonly prekeys: readonly AcceptedKey[];
  /** X25519 key to which the reply is sealed. */
  readonly sealingKey: Uint8Array;
  /** By the owner key, over everything above. */
  readonly signature: Uint8Array;
  readonly mac: Uint8Array;
  /** SHA-256 of the claim's bytes: the reply is bound to it, and a repeated claim is recognised by it. */
  readonly claimHash: Uint8Array;
}

/**
 * Builds the bytes that are POSTed to `<gatewayApi>/v1/claims`.
 * @param input.code - six decimal digits
 * @param input.owner - fresh key of this study
 * @param input.prekeys - 0 to 20 further fresh keys
 * @param input.sealingKey - ephemeral X25519 public key
 * @throws {HandoverError} `TEXT_REFUSED` when the code is not six digits
 */
export async function createClaim(input: {
  invitation: Invitation;
  code: string;
  owner: Signer;
  prekeys: readonly Signer[];
  sealingKey: Uint8Array;
}): Promise<Uint8Array> {
  const { invitation, owner } = input;
  const { chainId, source, invitationId, gatewayApi, secret } = invitation;
  const accept = async (signer: Signer): Promise<AcceptedKey> => ({
    ownerKey: signer.publicKey,
    acceptance: await signAcceptance({ chainId, source, owner: signer }),
  });
  const body: Body = {
    format: 1,
    chainId,
    invitationId,
    source,
    gatewayApi,
    code: validateCode(input.code),
    ...(await accept(owner)),
    prekeys: await Promise.all(input.prekeys.map(accept)),
    sealingKey: input.sealingKey,
  };
  const ownSignature = await owner.sign(signedBytes(CLAIM_TAG, chainId, bodySchema, body));
  return encodeWith(schema, { body, signature: ownSignature, mac: macOf(secret, body, ownSignature) });
}

/** @throws {HandoverError} `MALFORMED_MESSAGE` | `URL_REFUSED` | `TEXT_REFUSED` | `KEY_REFUSED` */
export function decodeClaim(claimBytes: Uint8Array): Claim {
  const { body, signature: ownSignature, mac } = decodeMessage(schema, claimBytes, 'claim', CLAIM_BYTES_MAX);
  const { format: _, ...fields } = body;
  validateGatewayUrl(fields.gatewayApi);
  validateCode(fields.code);
  const keys = [fields.ownerKey, ...fields.prekeys.map((prekey) => prekey.ownerKey)];
  if (!keys.every(isStrictPublicKey) || new Set(keys.map(String)).size !== keys.length) {
    throw new HandoverError({ code: 'KEY_REFUSED', field: 'ownerKey' }, 'owner keys must be strict and all different');
  }
  return { ...fields, signature: ownSignature, mac, claimHash: sha256(claimBytes) };
}

/**
 * Checks a claim against the invitation that it names: same chain, source and address, MAC under the invitation's
 * secret, proof of possession, and every acceptance. Not checked: expiry, the code, and whether it was claimed before.
 * The MAC comes first, so whoever lacks the secret can neither use up tries nor cost signatures.
 * @throws {HandoverError} `NOT_FOR_US` | `MAC_INVALID` | `SIGNATURE_INVALID`
 */
export async function verifyClaim(claim: Claim, invitation: Invitation): Promise<void> {
  for (const field of ['chainId', 'source', 'invitationId'] as const) {
    if (!equalBytes(claim[field], invitation[field])) throw notForUs(field);
  }
  if (claim.gatewayApi !== invitation.gatewayApi) throw notForUs('gatewayApi');
  const { signature: ownSignature, mac, claimHash: _, ...fields } = claim;
  const body: Body = { format: 1, ...fields };
  if (!equalSecrets(mac, macOf(invitation.secret, body, ownSignature))) {
    throw new HandoverError({ code: 'MAC_INVALID' }, 'the claim was not made with this invitation');
  }
  const { chainId, source } = invitation;
  if (!(await verifyFast(claim.ownerKey, signedBytes(CLAIM_TAG, chainId, bodySchema, body), ownSignature))) {
    throw new HandoverError(
      { code: 'SIGNATURE_INVALID', field: 'signature' },
      'the claim is not signed by its owner key',
    );
  }
  for (const { ownerKey, acceptance } of [claim, ...claim.prekeys]) {
    if (!(await verifyFast(ownerKey, acceptanceMessage({ chainId, source, ownerKey }), acceptance))) {
      throw new HandoverError(
        { code: 'SIGNATURE_INVALID', field: 'acceptance' },
        'an acceptance is not signed by its key',
      );
    }
  }
}

function macOf(secret: Uint8Array, body: Body, ownSignature: Uint8Array): Uint8Array {
  return hmacSha256(
    hkdfSha256(secret, MAC_LABEL),
    encodeCanonical([MAC_LABEL, body.chainId, bodySchema.encode(body), signature.encode(ownSignature)]),
  );
}

function validateCode(code: string): string {
  if (!/^[0-9]{6}$/.test(code)) {
    throw new HandoverError({ code: 'TEXT_REFUSED', field: 'code', rule: 'six digits' }, 'the code is six digits');
  }
  return code;
}

function notForUs(field: string): HandoverError {
  return new HandoverError({ code: 'NOT_FOR_US', field }, `the claim names another ${field}`);
}
