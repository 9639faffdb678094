/** What an authority of genesis signs to let a source in. Spec: docs/spec/transactions.md, section 6. */
import { encodeCanonical, type Signer } from '@radledger/primitives';
import type { SourceAttestation } from './admission.js';

export interface SourceAttestationInput {
  readonly chainId: Uint8Array;
  /** Id of the source that may be defined. */
  readonly source: Uint8Array;
  /** Last height at which it may be. */
  readonly untilHeight: number;
}

/** Message of an authority's attestation in a Define Source. */
export function sourceAttestationMessage({ chainId, source, untilHeight }: SourceAttestationInput): Uint8Array {
  return encodeCanonical(['radledger/attest-source/1', chainId, source, untilHeight]);
}

/** The admission that a source puts into its Define Source where genesis demands an authority. */
export async function attestSource(
  input: SourceAttestationInput & { readonly authority: Signer },
): Promise<SourceAttestation> {
  const { authority, untilHeight } = input;
  const signature = await authority.sign(sourceAttestationMessage(input));
  return { kind: 'attestation', authority: authority.publicKey, untilHeight, signature };
}
