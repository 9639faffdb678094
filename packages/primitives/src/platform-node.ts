/** What the platform does natively, on Node: chosen by the `#platform` import condition of package.json. */
import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  hash,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';

/** Lower-case hexadecimal. Cells and tree nodes are named by it in memory, several times a transaction. */
export function encodeHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

/** Bytes of a text that was checked to be hexadecimal of even length. */
export function decodeHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}

/** SHA-256 of the concatenated parts. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return sha256OfOne(only);
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  return new Uint8Array(digest.digest());
}

/**
 * The state tree hashes tens of thousands of short inputs a block. The digest comes as a string of code units 0 to 255: no
 * Buffer is made, which is most of what a short hash costs (88 bytes on Node 20: 320 ns instead of 1,130 ns).
 */
function sha256OfOne(part: Uint8Array): Uint8Array {
  const digits = hash('sha256', part, 'binary');
  const digest = new Uint8Array(32);
  for (let i = 0; i < 32; i++) digest[i] = digits.charCodeAt(i);
  return digest;
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

/** What `openssl` puts before a 32-byte Ed25519 seed in PKCS#8 (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A private key in the platform's keeping; signatures are those of RFC 8032, which has no choice in them. */
export interface NativeKey {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** Undefined where the platform cannot sign. @param seed - 32 bytes */
export async function importNativeKey(seed: Uint8Array): Promise<NativeKey | undefined> {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  return { publicKey: rawPublicKey(key), sign: (message) => signOnThreadPool(key, message) };
}

function rawPublicKey(key: KeyObject): Uint8Array {
  const { x } = createPublicKey(key).export({ format: 'jwk' });
  return new Uint8Array(Buffer.from(x as string, 'base64url'));
}

function signOnThreadPool(key: KeyObject, message: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    sign(null, message, key, (error, signature) => {
      if (error === null) resolve(new Uint8Array(signature));
      else reject(error);
    });
  });
}
