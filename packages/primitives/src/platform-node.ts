/** What the platform does natively, on Node: chosen by the `#platform` import condition of package.json. */
import { createHash, createHmac, createPublicKey, verify } from 'node:crypto';

/** SHA-256 of the concatenated parts. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  return new Uint8Array(digest.digest());
}

export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac('sha256', key).update(message).digest());
}

/**
 * Native Ed25519 on libuv's thread pool. The key is imported as JWK: DER import costs twice the time.
 * @returns true or false, or undefined where the platform has no Ed25519
 */
export function nativeVerify(
  key: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean | undefined> {
  return new Promise((resolve) => {
    try {
      const x = Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('base64url');
      const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
      verify(null, message, publicKey, signature, (error, accepted) => resolve(error === null && accepted));
    } catch {
      resolve(false); // a key or signature that OpenSSL cannot even load
    }
  });
}
