/** HPKE (RFC 9180) base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM. Spec: docs/spec/links.md, section 3. */
import { Aes128Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { bytes, encodeWith, literal, struct, utf8 } from '@radledger/primitives';
import { HandoverError } from './errors.js';
import { decodeMessage, format, KEM_ID } from './wire.js';

const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes128Gcm(),
});

/** Largest plaintext that is sealed or opened. */
export const SEALED_PLAINTEXT_BYTES_MAX = 32 * 1024;
/** Largest sealed message on the wire. */
export const SEALED_BYTES_MAX = SEALED_PLAINTEXT_BYTES_MAX + 128;

const sealedSchema = struct({
  format,
  kem: literal(KEM_ID),
  kdf: literal(0x0001),
  aead: literal(0x0001),
  encapsulatedKey: bytes({ length: 32 }),
  ciphertext: bytes({ min: 16, max: SEALED_PLAINTEXT_BYTES_MAX + 16 }),
});

/** An X25519 key pair, both halves 32 raw bytes. */
export interface SealingKeyPair {
  readonly publicKey: Uint8Array;
  readonly privateKey: Uint8Array;
}

/** What binds a sealed message to its purpose and context; both must be equal when it is opened. */
export interface SealContext {
  /** Purpose, e.g. `radledger/grant-notice/1`. */
  readonly info: string;
  readonly aad: Uint8Array;
}

/** A fresh key pair from the platform's random numbers. */
export async function generateSealingKeyPair(): Promise<SealingKeyPair> {
  return rawPair(await suite.kem.generateKeyPair());
}

/** The key pair that belongs to 32 bytes of secret key material: DeriveKeyPair of RFC 9180 section 7.1.3. */
export async function deriveSealingKeyPair(keyMaterial: Uint8Array): Promise<SealingKeyPair> {
  if (keyMaterial.length < 32) throw new HandoverError({ code: 'OUT_OF_RANGE', field: 'keyMaterial' }, 'too short');
  return rawPair(await suite.kem.deriveKeyPair(buffer(keyMaterial)));
}

/**
 * Seals to an X25519 public key.
 * @param options.ephemeralKeyMaterial - only for test vectors: makes the result repeatable, and so reveals nothing less
 *   than everything to whoever knows it
 * @throws {HandoverError} `KEY_REFUSED` (small-order key) | `OUT_OF_RANGE` (plaintext too long)
 */
export async function sealTo(
  publicKey: Uint8Array,
  context: SealContext,
  plaintext: Uint8Array,
  options: { ephemeralKeyMaterial?: Uint8Array } = {},
): Promise<Uint8Array> {
  if (plaintext.length > SEALED_PLAINTEXT_BYTES_MAX) {
    throw new HandoverError({ code: 'OUT_OF_RANGE', field: 'plaintext' }, 'message too long to seal');
  }
  let sealed: { enc: ArrayBuffer; ct: ArrayBuffer };
  try {
    sealed = await suite.seal(
      {
        recipientPublicKey: await suite.kem.deserializePublicKey(buffer(publicKey)),
        info: buffer(utf8(context.info)),
        ...(options.ephemeralKeyMaterial === undefined ? {} : { ekm: buffer(options.ephemeralKeyMaterial) }),
      },
      buffer(plaintext),
      buffer(context.aad),
    );
  } catch (cause) {
    throw new HandoverError({ code: 'KEY_REFUSED', field: 'sealingKey' }, 'cannot seal to this key', { cause });
  }
  return encodeWith(sealedSchema, {
    format: 1,
    kem: KEM_ID,
    kdf: 1,
    aead: 1,
    encapsulatedKey: new Uint8Array(sealed.enc),
    ciphertext: new Uint8Array(sealed.ct),
  });
}

/**
 * Opens what `sealTo` made for this key and context.
 * @throws {HandoverError} `MALFORMED_MESSAGE` | `SEAL_BROKEN` (other key, other context, or changed bytes)
 */
export async function openSealed(
  keyPair: SealingKeyPair,
  context: SealContext,
  sealed: Uint8Array,
): Promise<Uint8Array> {
  const { encapsulatedKey, ciphertext } = decodeMessage(sealedSchema, sealed, 'sealed message', SEALED_BYTES_MAX);
  try {
    const recipientKey = {
      publicKey: await suite.kem.deserializePublicKey(buffer(keyPair.publicKey)),
      privateKey: await suite.kem.deserializePrivateKey(buffer(keyPair.privateKey)),
    };
    const plaintext = await suite.open(
      { recipientKey, enc: buffer(encapsulatedKey), info: buffer(utf8(context.info)) },
      buffer(ciphertext),
      buffer(context.aad),
    );
    return new Uint8Array(plaintext);
  } catch (cause) {
    throw new HandoverError({ code: 'SEAL_BROKEN' }, 'cannot be opened with this key and context', { cause });
  }
}

async function rawPair(pair: CryptoKeyPair): Promise<SealingKeyPair> {
  return {
    publicKey: new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey)),
    privateKey: new Uint8Array(await suite.kem.serializePrivateKey(pair.privateKey)),
  };
}

/** A buffer of exactly these bytes: a view into a larger buffer would otherwise leak its neighbours to the library. */
function buffer(view: Uint8Array): ArrayBuffer {
  return new Uint8Array(view).buffer;
}
