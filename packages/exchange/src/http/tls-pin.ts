import { X509Certificate } from 'node:crypto';
import { sha256 } from '@radledger/primitives';

/** The pin of a PEM certificate: SHA-256 of its SubjectPublicKeyInfo in DER, 32 bytes (RFC 7469, section 2.4). */
export function tlsPinOf(certificatePem: string): Uint8Array {
  return sha256(new Uint8Array(new X509Certificate(certificatePem).publicKey.export({ type: 'spki', format: 'der' })));
}
