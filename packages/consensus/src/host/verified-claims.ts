import { concatBytes, type SignatureClaim, sha256, toHex } from '@radledger/primitives';

/** Claims of one generation: 128 voters with three kinds of vote over some twenty views. */
const GENERATION_MAX = 8192;

/** Remembers claims that held: the same votes come again inside certificates. Two generations bound it. */
export class VerifiedClaims {
  private young = new Set<string>();
  private old = new Set<string>();

  /** The claims not known to hold, each with what `add` needs. */
  unknown(claims: readonly SignatureClaim[]): { claim: SignatureClaim; digest: string }[] {
    const unknown: { claim: SignatureClaim; digest: string }[] = [];
    for (const claim of claims) {
      const digest = toHex(sha256(concatBytes(claim.key, claim.signature, claim.message)));
      if (this.young.has(digest)) continue;
      if (this.old.has(digest)) this.add([digest]);
      else unknown.push({ claim, digest });
    }
    return unknown;
  }

  add(digests: readonly string[]): void {
    for (const digest of digests) this.young.add(digest);
    if (this.young.size < GENERATION_MAX) return;
    this.old = this.young;
    this.young = new Set();
  }
}
