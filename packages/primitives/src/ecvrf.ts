/** ECVRF-EDWARDS25519-SHA512-TAI, RFC 9381: suite string 0x03, try-and-increment (section 5.4.1.1). */
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes } from './bytes.js';
import { PrimitivesError } from './errors.js';

const { Point } = ed25519;
const { Fn } = Point;
type CurvePoint = InstanceType<typeof Point>;

const SUITE = 0x03;
const COFACTOR = 8n;
const CHALLENGE_BYTES = 16;

/**
 * Proof that `vrfProofToHash(proof)` is the one output of this key for `alpha`; section 5.1.
 * @param seed - 32-byte private key
 * @returns 80 bytes: Gamma (32), c (16), s (32)
 */
export function vrfProve(seed: Uint8Array, alpha: Uint8Array): Uint8Array {
  const { scalar, prefix, pointBytes } = ed25519.utils.getExtendedPublicKey(seed);
  const h = encodeToCurve(pointBytes, alpha);
  const hBytes = h.toBytes();
  const gamma = h.multiply(scalar);
  const nonce = Fn.create(littleEndian(sha512(concatBytes(prefix, hBytes)))); // section 5.4.2.2, RFC 8032 nonce
  const c = challenge([pointBytes, hBytes, gamma.toBytes(), basePoint(nonce).toBytes(), h.multiply(nonce).toBytes()]);
  const s = Fn.create(nonce + c * scalar);
  return concatBytes(gamma.toBytes(), toLittleEndian(c, CHALLENGE_BYTES), toLittleEndian(s, 32));
}

/**
 * Checks a proof; section 5.3 with key validation (section 5.4.5).
 * @returns the 64-byte output, or undefined when the proof does not hold
 */
export function vrfVerify(publicKey: Uint8Array, alpha: Uint8Array, proof: Uint8Array): Uint8Array | undefined {
  try {
    const key = Point.fromBytes(publicKey, false);
    if (key.isSmallOrder()) return undefined;
    const { gamma, c, s } = decodeProof(proof);
    const h = encodeToCurve(publicKey, alpha);
    const u = basePoint(s).subtract(key.multiplyUnsafe(c));
    const v = (s === 0n ? Point.ZERO : h.multiplyUnsafe(s)).subtract(gamma.multiplyUnsafe(c));
    const expected = challenge([publicKey, h.toBytes(), gamma.toBytes(), u.toBytes(), v.toBytes()]);
    return c === expected ? outputOf(gamma) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The 64-byte output of a proof that was verified before; section 5.2.
 * @throws {PrimitivesError} `INVALID_KEY` when the bytes are no proof
 */
export function vrfProofToHash(proof: Uint8Array): Uint8Array {
  try {
    return outputOf(decodeProof(proof).gamma);
  } catch (cause) {
    throw new PrimitivesError({ code: 'INVALID_KEY' }, 'expected an 80-byte VRF proof', { cause });
  }
}

function outputOf(gamma: CurvePoint): Uint8Array {
  const cleared = gamma.multiplyUnsafe(COFACTOR).toBytes();
  return sha512(concatBytes(Uint8Array.of(SUITE, 0x03), cleared, Uint8Array.of(0x00)));
}

function encodeToCurve(salt: Uint8Array, alpha: Uint8Array): CurvePoint {
  for (let counter = 0; counter < 256; counter++) {
    const digest = sha512(concatBytes(Uint8Array.of(SUITE, 0x01), salt, alpha, Uint8Array.of(counter, 0x00)));
    const candidate = decodePoint(digest.subarray(0, 32));
    if (candidate !== undefined) {
      const cleared = candidate.multiplyUnsafe(COFACTOR);
      if (!cleared.is0()) return cleared;
    }
  }
  throw new PrimitivesError({ code: 'INVALID_KEY' }, 'no curve point found for this input');
}

function decodePoint(bytes: Uint8Array): CurvePoint | undefined {
  try {
    return Point.fromBytes(bytes, false);
  } catch {
    return undefined;
  }
}

function challenge(points: readonly Uint8Array[]): bigint {
  const digest = sha512(concatBytes(Uint8Array.of(SUITE, 0x02), ...points, Uint8Array.of(0x00)));
  return littleEndian(digest.subarray(0, CHALLENGE_BYTES));
}

function decodeProof(proof: Uint8Array): { gamma: CurvePoint; c: bigint; s: bigint } {
  if (proof.length !== 80) throw new RangeError('a proof has 80 bytes');
  const gammaBytes = proof.subarray(0, 32);
  const gamma = Point.fromBytes(gammaBytes, false);
  if (!equalBytes(gamma.toBytes(), gammaBytes)) throw new RangeError('Gamma must be encoded canonically');
  const s = littleEndian(proof.subarray(48));
  if (s >= Fn.ORDER) throw new RangeError('s must be below the group order');
  return { gamma, c: littleEndian(proof.subarray(32, 48)), s };
}

function basePoint(scalar: bigint): CurvePoint {
  return scalar === 0n ? Point.ZERO : Point.BASE.multiply(scalar);
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number);
  return value;
}

function toLittleEndian(value: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let rest = value;
  for (let i = 0; i < length; i++) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}
