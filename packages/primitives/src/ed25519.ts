/** One signature rule for the whole network: Ed25519 under ZIP-215 (D1). Spec: docs/spec/signatures.md. */
import { importNativeKey, nativeVerify } from '#platform';
import { ED25519_TORSION_SUBGROUP } from '@noble/curves/ed25519.js';
import * as noble from '@noble/ed25519';
import { equalBytes, fromHex, randomBytes } from './bytes.js';
import { PrimitivesError } from './errors.js';

/** A statement to be checked: `signature` (64 bytes) by `key` (32 bytes) over `message`. */
export interface SignatureClaim {
  readonly key: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/** Signs with one Ed25519 key that stays where it is: a file, an agent, a hardware module. */
export interface Signer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** @returns 64 bytes (RFC 8032, section 5.1.6) */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

type NativeVerify = typeof nativeVerify;

/**
 * Whether a signature is valid for the ledger: ZIP-215, the same verdict on every platform. Judges everything inside
 * blocks, votes and evidence. Native acceptance implies ZIP-215 acceptance; only what native refuses is asked again.
 */
export function verify(key: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  return verifyZip215(nativeVerify, key, message, signature);
}

/** ZIP-215 over a given native verifier, or none. Internal: `verify` and the tests of both of its paths call it. */
export async function verifyZip215(
  native: NativeVerify | undefined,
  key: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (key.length !== 32 || signature.length !== 64) return false;
  if (native !== undefined && (await native(key, message, signature)) === true) return true;
  try {
    return await noble.verifyAsync(signature, message, key, { zip215: true });
  } catch {
    return false;
  }
}

/**
 * Whether the platform itself accepts a signature: about twelve times cheaper to refuse than `verify`, but not the same
 * verdict everywhere. For local policy only: mempool, handshakes, ITI-43. Where a platform has no Ed25519, RFC 8032 rules.
 */
export async function verifyFast(key: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  if (key.length !== 32 || signature.length !== 64) return false;
  const verdict = await nativeVerify(key, message, signature);
  if (verdict !== undefined) return verdict;
  try {
    return await noble.verifyAsync(signature, message, key, { zip215: false });
  } catch {
    return false;
  }
}

/** Whether every claim holds under `verify`; all run side by side on the platform's thread pool. */
export async function verifyAll(claims: readonly SignatureClaim[]): Promise<boolean> {
  const verdicts = await Promise.all(claims.map(({ key, message, signature }) => verify(key, message, signature)));
  return verdicts.every(Boolean);
}

/**
 * Whether 32 bytes may be the key of a person or source: a canonical encoding (y below p) and not of small order. Costs no
 * curve arithmetic, so it does not say whether the point exists; the signature that comes with every such key does.
 */
export function isStrictPublicKey(key: Uint8Array): boolean {
  if (key.length !== 32) return false;
  const y = withoutSign(key);
  return isBelowPrime(y) && !SMALL_ORDER_Y.some((smallOrder) => equalBytes(smallOrder, y));
}

/** The y coordinates, little-endian, of the eight points of small order. */
const SMALL_ORDER_Y = ED25519_TORSION_SUBGROUP.map((point) => withoutSign(fromHex(point)));

function withoutSign(key: Uint8Array): Uint8Array {
  const y = key.slice();
  y[31] = (y[31] as number) & 0x7f;
  return y;
}

/** p = 2^255 - 19 is ff..ff7f with ed as its lowest byte. */
function isBelowPrime(y: Uint8Array): boolean {
  return (y[0] as number) < 0xed || y[31] !== 0x7f || y.subarray(1, 31).some((byte) => byte !== 0xff);
}

/** A fresh private key: 32 random bytes (the seed of RFC 8032, section 5.1.5). */
export function generateSeed(): Uint8Array {
  return randomBytes(32);
}

/** The 32-byte public key of a seed. */
export async function publicKeyOf(seed: Uint8Array): Promise<Uint8Array> {
  return (await createSigner(seed)).publicKey;
}

/** A signer that holds its 32-byte seed in memory. @throws {PrimitivesError} `INVALID_KEY` unless the seed has 32 bytes */
export async function createSigner(seed: Uint8Array): Promise<Signer> {
  if (seed.length !== 32) throw new PrimitivesError({ code: 'INVALID_KEY' }, 'expected a private key of 32 bytes');
  const native = await importNativeKey(seed);
  if (native !== undefined) return native;
  const own = seed.slice();
  return { publicKey: await noble.getPublicKeyAsync(own), sign: (message) => noble.signAsync(message, own) };
}
