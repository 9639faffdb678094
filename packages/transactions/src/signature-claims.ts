import type { SignatureClaim } from '@radledger/primitives';
import { acceptanceMessage, delegateAcceptanceMessage, keyProofMessage, moveAcceptanceMessage } from './acceptance.js';
import { sourceAttestationMessage } from './attestation.js';
import { type SignedTransaction, signedMessageOf } from './transaction.js';

/**
 * Every signature a transaction carries: the signer's first, then acceptances and key proofs. It is valid when all verify
 * (`primitives.verify` inside blocks, `verifyFast` in a mempool). A transaction of another chain fails here. What the
 * evidence of a Report Misconduct rests on is the consensus module's to say: `transactionClaims` of `chain` adds it.
 */
export function signatureClaims(signed: SignedTransaction, chainId: Uint8Array): readonly SignatureClaim[] {
  const { transaction } = signed;
  const claims: SignatureClaim[] = [
    { key: transaction.signer, message: signedMessageOf(signed.bytes, chainId), signature: signed.signature },
  ];
  switch (transaction.kind) {
    case 'define-source': {
      const { source, nodeKey, nodeKeyProof, vrfKey, vrfKeyProof, admission } = transaction.payload;
      claims.push(
        { key: nodeKey, message: keyProofMessage({ chainId, source, role: 'node' }), signature: nodeKeyProof },
        { key: vrfKey, message: keyProofMessage({ chainId, source, role: 'vrf' }), signature: vrfKeyProof },
      );
      if (admission?.kind === 'attestation') {
        const { authority, untilHeight, signature } = admission;
        claims.push({ key: authority, message: sourceAttestationMessage({ chainId, source, untilHeight }), signature });
      }
      break;
    }
    case 'rotate-key': {
      const { source, role, newKey, proof } = transaction.payload;
      claims.push({ key: newKey, message: keyProofMessage({ chainId, source, role }), signature: proof });
      break;
    }
    case 'define-study': {
      const { source, owner, acceptance } = transaction.payload;
      claims.push({
        key: owner,
        message: acceptanceMessage({ chainId, source, ownerKey: owner }),
        signature: acceptance,
      });
      break;
    }
    case 'set-delegate': {
      const { source, studyId, delegate } = transaction.payload;
      if (delegate === undefined) break;
      const message = delegateAcceptanceMessage({ chainId, source, studyId, key: delegate.key });
      claims.push({ key: delegate.key, message, signature: delegate.acceptance });
      break;
    }
    case 'move-owner': {
      const { source, studyId, newOwner, acceptance } = transaction.payload;
      const message = moveAcceptanceMessage({ chainId, source, studyId, key: newOwner });
      claims.push({ key: newOwner, message, signature: acceptance });
      break;
    }
    default:
  }
  return claims;
}
