import { createHash, X509Certificate } from 'node:crypto';

/**
 * The pin of a certificate: SHA-256 of its key's SubjectPublicKeyInfo in DER (as in RFC 7469, section 2.4). It outlives
 * a renewal of the certificate under the same key.
 * @param certificate - PEM or DER
 */
export function spkiPinOf(certificate: string | Uint8Array): Uint8Array {
  const spki = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
  return new Uint8Array(createHash('sha256').update(spki).digest());
}
