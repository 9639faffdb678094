/** How everything at rest is sealed: AES-128-GCM under a key of one purpose. Spec: docs/spec/wallet-keys.md, section 9. */
import {
  bytes,
  type CanonicalValue,
  decodeWith,
  encodeCanonical,
  encodeWith,
  hkdfSha256,
  literal,
  randomBytes,
  struct,
} from '@radledger/primitives';

/** What a sealed text is, and which one: both must be equal when it is opened. */
export interface RestContext {
  /** Also the label under which the key is derived, e.g. `radledger/vault-snapshot/1`. */
  readonly purpose: string;
  readonly names: readonly CanonicalValue[];
}

const TEXT_BYTES_MAX = 64 * 1024 * 1024;
const sealedSchema = struct({
  format: literal(1),
  iv: bytes({ length: 12 }),
  ciphertext: bytes({ min: 16, max: TEXT_BYTES_MAX + 16 }),
});

/**
 * @param secret - what the key is derived from
 * @param options.iv - only for test vectors: two texts under one iv and key open both
 */
export async function sealAtRest(
  secret: Uint8Array,
  context: RestContext,
  plaintext: Uint8Array,
  options: { iv?: Uint8Array } = {},
): Promise<Uint8Array> {
  const iv = options.iv ?? randomBytes(12);
  const key = await keyOf(secret, context, 'encrypt');
  const ciphertext = await crypto.subtle.encrypt(cipherOf(iv, context), key, new Uint8Array(plaintext));
  return encodeWith(sealedSchema, { format: 1, iv, ciphertext: new Uint8Array(ciphertext) });
}

/** @returns undefined when the secret or the context is another, or a byte was changed */
export async function openAtRest(
  secret: Uint8Array,
  context: RestContext,
  sealed: Uint8Array,
): Promise<Uint8Array | undefined> {
  try {
    const { iv, ciphertext } = decodeWith(sealedSchema, sealed, { bytesMax: TEXT_BYTES_MAX + 64 });
    const key = await keyOf(secret, context, 'decrypt');
    return new Uint8Array(await crypto.subtle.decrypt(cipherOf(iv, context), key, new Uint8Array(ciphertext)));
  } catch {
    return undefined;
  }
}

function keyOf(secret: Uint8Array, { purpose }: RestContext, use: 'encrypt' | 'decrypt'): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', new Uint8Array(hkdfSha256(secret, purpose, 16)), 'AES-GCM', false, [use]);
}

function cipherOf(iv: Uint8Array, { purpose, names }: RestContext): AesGcmParams {
  const additionalData = new Uint8Array(encodeCanonical([purpose, ...names]));
  return { name: 'AES-GCM', iv: new Uint8Array(iv), additionalData };
}
