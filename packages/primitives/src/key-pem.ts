/** Ed25519 private keys as PEM PKCS#8 (RFC 8410, section 7): what `openssl genpkey -algorithm ed25519` writes. */
import { concatBytes, equalBytes, fromHex } from './bytes.js';
import { PrimitivesError } from './errors.js';

const PKCS8_PREFIX = fromHex('302e020100300506032b657004220420');
const PEM = /^\s*-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----\s*$/;

/** @param seed - 32 bytes */
export function encodePrivateKeyPem(seed: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...concatBytes(PKCS8_PREFIX, seed)));
  return `-----BEGIN PRIVATE KEY-----\n${base64}\n-----END PRIVATE KEY-----\n`;
}

/**
 * The 32-byte seed of a PEM text.
 * @throws {PrimitivesError} `INVALID_KEY_FILE` unless it is one unencrypted Ed25519 PKCS#8 key
 */
export function decodePrivateKeyPem(pem: string): Uint8Array {
  const base64 = PEM.exec(pem)?.[1]?.replace(/\s/g, '');
  const der = base64 === undefined ? undefined : decodeBase64(base64);
  if (der?.length !== 48 || !equalBytes(der.subarray(0, 16), PKCS8_PREFIX)) {
    throw new PrimitivesError(
      { code: 'INVALID_KEY_FILE' },
      'expected an Ed25519 private key as PEM PKCS#8, as `openssl genpkey -algorithm ed25519` writes it',
    );
  }
  return der.slice(16);
}

function decodeBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
