import type { VrfClaim } from '@radledger/consensus';
import { concatBytes, equalBytes, hash, type SignatureClaim, sha256, toHex } from '@radledger/primitives';

/**
 * Signatures and random proofs that only the holder of a key can make inside a simulation, for a hundredth of the cost:
 * the rules under test are about who signs what, not about curves.
 */
export class SimCrypto {
  private readonly secrets = new Map<string, Uint8Array>();

  /** A fresh key; the number names it. */
  keyOf(role: string, index: number): Uint8Array {
    const secret = hash('sim/secret', role, index);
    const key = sha256(secret);
    this.secrets.set(toHex(key), secret);
    return key;
  }

  /** A key that exists elsewhere: its holder here signs with a stand-in. */
  adopt(key: Uint8Array): void {
    this.secrets.set(toHex(key), hash('sim/adopted', key));
  }

  sign(key: Uint8Array, message: Uint8Array): Uint8Array {
    return this.expand(key, message, 64);
  }

  prove(key: Uint8Array, alpha: Uint8Array): Uint8Array {
    return this.expand(key, alpha, 80);
  }

  verifyClaims(claims: readonly SignatureClaim[]): boolean {
    return claims.every(({ key, message, signature }) => equalBytes(this.sign(key, message), signature));
  }

  verifyVrf(claims: readonly VrfClaim[]): boolean {
    return claims.every(({ key, alpha, proof }) => equalBytes(this.prove(key, alpha), proof));
  }

  private expand(key: Uint8Array, message: Uint8Array, length: number): Uint8Array {
    const secret = this.secrets.get(toHex(key));
    const out = new Uint8Array(length);
    if (secret !== undefined) out.set(sha256(concatBytes(secret, message)));
    return out;
  }
}
